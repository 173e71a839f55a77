import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What CONTRIBUTING.md tells to write, and where: a new file, or lines after a line of one or instead of it. */
interface Edit {
  readonly file: string;
  readonly how: 'new' | 'after' | 'instead of';
  readonly line: string;
  readonly text: string;
}

const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
const sentence = /^(?:New file|In) `([^`\n]+)`(?:, (after|instead of) `(.+)`)?:\n\n```ts\n([\s\S]*?)^```$/gm;
const editsIn = (title: string): readonly Edit[] => {
  const [, section = ''] = page.split(`${title}\n`);
  const body = section.split(/^##+ /m, 1)[0] ?? '';
  return [...body.matchAll(sentence)].map(([, file = '', how = 'new', line = '', text = '']) => ({
    file,
    how: how as Edit['how'],
    line,
    text,
  }));
};

function follow(folder: string, { file, how, line, text }: Edit): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  if (how === 'new') {
    writeFileSync(path, text, { flag: 'wx' });
    return;
  }
  const [before, after, ...more] = readFileSync(path, 'utf8').split(`${line}\n`);
  if (after === undefined || more.length > 0) throw new Error(`${file} has not one line ${line}`);
  writeFileSync(path, `${before}${how === 'after' ? `${line}\n` : ''}${text}${after}`);
}

test('who follows CONTRIBUTING.md to the letter has a check of something new, its remedy and a format', async () => {
  await using scratch = await makeScratch();
  const copy = join(scratch.path, 'copy');
  for (const name of readdirSync(root).filter((name) => !['node_modules', 'dist', '.git'].includes(name)))
    cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const run = (...words: readonly string[]) =>
    execa(words[0] ?? '', words.slice(1), { cwd: copy, preferLocal: true, reject: false, stdin: 'ignore' });
  const home = makeHome(join(scratch.path, 'home'));
  const doctor = (...words: readonly string[]) => run('node', 'dist/coven-doctor.js', ...words, '--home', home);

  const check = editsIn('## Add a check');
  expect(check.filter(({ how }) => how === 'new')).toHaveLength(3);
  expect(check.flatMap(({ text }) => text.trimEnd().split('\n')).length).toBeLessThanOrEqual(45);
  const all = [...check, ...editsIn('### What `--fix` does about it'), ...editsIn('## Add an output format')];
  for (const edit of check) follow(copy, edit);
  expect((await run('tsc', '-p', '.')).stdout).toBe('');
  const own = await run('vitest', 'run', '--config', 'test/vitest.config.ts', 'test/checks/home-tag.test.ts');
  expect(own.stdout).toMatch(/Tests .*2 passed/);

  for (const edit of all.slice(check.length)) follow(copy, edit);
  expect((await run('tsc', '-p', '.')).stdout).toBe('');
  expect((await run('npm', 'run', '--silent', 'build')).exitCode).toBe(0);
  expect((await doctor('--only', 'home:tag', '--format', 'tsv')).stdout).toBe('home:tag\tok\tpass');
  writeFileSync(join(home, 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n# by hand\n');
  expect((await doctor('--only', 'home:tag', '--format', 'tsv')).stdout).toBe('home:tag\tskipped\twarn');
  const bundled = await doctor('bundle', '--output', join(scratch.path, 'evidence.zip'));
  expect(bundled.exitCode).toBe(0);
  const analyzed = await run(
    'node',
    'dist/coven-doctor.js',
    'analyze',
    join(scratch.path, 'evidence.zip'),
    '--format',
    'tsv',
  );
  expect(analyzed.stdout).toContain('home:tag\tskipped\twarn');
  expect((await doctor('--fix', '--yes')).stdout).toContain('home:tag');
  expect(readdirSync(home)).not.toContain('CACHEDIR.TAG');
  expect((await doctor('undo')).exitCode).toBe(0);
  expect(readdirSync(home)).toContain('CACHEDIR.TAG');
});
