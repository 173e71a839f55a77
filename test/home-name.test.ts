import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { homePath } from '../checks/home-path.ts';
import { cli } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { changed, stopped } from '../fixtures/seen.ts';
import { oddName } from '../src/coven/home-name.ts';
import type { Finding } from '../src/model/check.ts';
import { adviseOn, say } from '../src/model/say.ts';

const told = [
  ['/p/~/.coven', 'tilde', '~/.coven'],
  ['/p/~', 'tilde', '~'],
  ['/p/~/code/coven', 'tilde', '~/code/coven'],
  ['/p/"~/code/coven"', 'tilde', '~/code/coven'],
  ['/p/$HOME/a b/.coven', 'variable', '~/a b/.coven'],
  [`/p/\${HOME}/.coven`, 'variable', '~/.coven'],
  ['/p/%h/.coven', 'variable', '~/.coven'],
  ['/home/ada/.coven\r', 'control', '/home/ada/.coven'],
  ['/p/~/.coven\r', 'control', '~/.coven'],
  ['/p/ /home/ada/.coven', 'blank', '/home/ada/.coven'],
  ['/home/ada/.coven ', 'blank', '/home/ada/.coven'],
  ['/p/"/home/ada/.coven"', 'quote', '/home/ada/.coven'],
] as const;

test.each(told)('%j has a %s in it, and %j was meant', (path, part, meant) => {
  expect(oddName(path)).toMatchObject({ part, meant });
});

test.each(['/home/ada/.coven', '/srv/~ada/.coven', `/home/Ada's $HOME 家 "x" %h/.coven`])('%s is a name', (path) => {
  expect(oddName(path)).toBeNull();
});

const finding = (path: string, source: 'environment' | 'option' | 'default') => {
  const odd = oddName(path);
  const seen = changed(stopped, { home: { path, source, ...(odd && { odd }) } });
  const [found] = homePath.judge(seen, new AbortController().signal) as readonly Finding[];
  if (!found) throw new Error('nothing was found');
  const lines = adviseOn(homePath, found).flatMap((part) => (typeof part === 'string' ? [] : [part.line]));
  return { message: say(homePath, found).message, lines };
};

test.each(told.filter(([, part]) => part !== 'blank'))(
  'the command for %j exports what was meant',
  (path, _, meant) => {
    const [line = ''] = finding(path, 'environment').lines;
    const printed = execFileSync('sh', ['-c', `${line}; printf %s "$COVEN_HOME"`], { env: { HOME: "/home/ada's" } });
    expect(String(printed)).toBe(meant.replace('~', "/home/ada's"));
  },
);

test('a path is told by where it came from', () => {
  expect(finding('/p/~/code/coven', 'environment').message).toContain('the tilde in COVEN_HOME:');
  expect(finding('/p/~/code/coven', 'option').message).toContain('the tilde in --home:');
  expect(finding('/p/~/code/coven', 'default').message).toContain('the tilde in HOME:');
  expect(finding('/p/~/code/coven', 'option').lines).toEqual(['coven-doctor --home "$HOME"/code/coven']);
});

test.each(['~', '$HOME', ' ', 'set\r'])(
  'a program and whoever reads a bundle are told of a home below %j, too, and no start is offered',
  async (name) => {
    await using scratch = await makeScratch();
    mkdirSync(join(scratch.path, name));
    const home = makeHome(join(scratch.path, name, '.coven'));
    const file = join(scratch.path, 'x.zip');
    expect((await cli(['bundle', '--home', home, '-o', file])).exitCode).toBe(0);
    for (const args of [
      ['--home', home],
      ['analyze', file],
    ]) {
      const { stdout } = await cli([...args, '--json', '--only', 'home:path,daemon']);
      const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string; commands?: object[] }[] };
      const [path, daemon] = ['home:path', 'daemon'].map((wanted) => checks.find(({ id }) => id === wanted));
      expect({ path: path?.status, commands: daemon?.commands ?? [] }).toEqual({ path: 'fail', commands: [] });
    }
  },
);
