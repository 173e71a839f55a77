import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli } from '../fixtures/diagnose.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { commands } from '../src/cli/commands/index.ts';
import { parse } from '../src/cli/commands/parse.ts';
import { completionOf } from '../src/cli/completion.ts';
import { helpOf } from '../src/cli/help.ts';
import { manual } from '../src/cli/man.ts';
import { tool } from '../src/package.ts';

const named = commands.filter(({ name }) => name !== '');
const wordsOf = (name: string): readonly string[] => name.split(' ').filter((word) => word !== '');

describe('help', () => {
  test.each(named.map(({ name }) => name))('of `%s` is the same by every name', async (name) => {
    const command = commands.find((command) => command.name === name);
    const words = wordsOf(name);
    const expected = command && helpOf(command, 80);
    expect(expected).toContain(`Usage: coven-doctor ${name} `);
    for (const line of [
      [...words, '-h'],
      [...words, '--help'],
      ['help', ...words],
    ]) {
      expect(await cli(line)).toMatchObject({ exitCode: 0, stderr: '', stdout: expected });
    }
  });

  test.each([[['-h']], [['--help']], [['help']]])('of the program: %j', async (words) => {
    const { exitCode, stdout } = await cli(words);
    expect(exitCode).toBe(0);
    for (const { name } of named) expect(stdout).toContain(`  ${name} `);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('of words that begin several commands names them', async () => {
    const { stdout } = await cli(['backup', '--help']);
    for (const word of ['help', '-h']) expect((await cli(['backup', word])).stdout).toBe(stdout);
    expect(stdout.match(/backup (create|list|verify|restore) {2}/g)).toHaveLength(4);
  });

  test('shows the options of its own command alone', () => {
    const help = (name: string) => helpOf(commands.find((command) => command.name === name) as never, 80);
    expect(help('runs').match(/ --[\w-]+/g)).toEqual([' --home', ' --json', ' --help', ' --version', ' --json']);
    expect(help('daemon serve')).not.toContain('--managed-started-at');
  });

  test.each([
    ['-v'],
    ['-V'],
    ['--version'],
    ['version'],
    ['undo', '-v'],
    ['undo', 'version'],
    ['backup', 'create', '--version'],
    ['backup', 'version'],
  ])('the version: %s %s %s', async (...words) => {
    expect(await cli(words)).toMatchObject({ exitCode: 0, stderr: '', stdout: `${tool().version}\n` });
  });

  test.each([
    [['explain', 'help'], 'Usage: coven-doctor explain CHECK'],
    [['backup', 'create', 'help'], 'Usage: coven-doctor backup create'],
    [['bundle', 'help'], 'Usage: coven-doctor bundle [options]'],
  ])('`help` after a command: %j', async (words, said) => {
    expect(await cli(words)).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining(said) });
  });

  test('`help` after a command that takes a file is the name of one', async () => {
    expect(await cli(['analyze', 'help'])).toMatchObject({ exitCode: 2, stdout: '' });
  });

  test('a word after `--` is no question', async () => {
    expect(await cli(['explain', '--', '-h'])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

test.each(commands.map((command) => [command.name, command] as const))(
  'the two examples of `%s` are command lines that it takes',
  async (_, { examples }) => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const [line] of examples) {
      const [program, ...words] =
        line
          .replace(/^source <\((.*)\)$/, '$1')
          .split(/ [|>]/, 1)[0]
          ?.trim()
          .split(' ') ?? [];
      expect(program).toBe('coven-doctor');
      if (words[0] === 'help') continue;
      const command = [...commands]
        .sort((a, b) => b.name.length - a.name.length)
        .find(({ name }) => wordsOf(name).every((word, index) => words[index] === word));
      await parse(command as never, words.slice(wordsOf(command?.name ?? '').length));
    }
  },
);

/** What a shell offers after a line; null, with the reason on the screen, where that shell is not there. */
function run(shell: string, args: readonly string[], cwd: string): string | null {
  const { error, stdout, stderr } = spawnSync(shell, args, {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: cwd },
  });
  if (error) {
    console.warn(`skipped: ${shell} cannot be started (${error.message})`);
    return null;
  }
  return `${stdout}${stderr}`;
}

/** A line, and what must and must not be offered for its last word. */
const lines = [
  [['l'], ['list'], ['undo']],
  [['backup', ''], ['create', 'list', 'verify', 'restore'], ['plan']],
  [['backup', 'create', '--b'], ['--backup-dir'], ['--bundle']],
  [['--form'], ['--format'], ['--fail-on']],
  [['--format', 'j'], ['json', 'jsonl', 'junit'], ['sarif']],
  [['preflight', '--target'], ['--target-version'], []],
  [['explain', 'harn'], ['harnesses'], ['daemon']],
  [['completion', ''], ['bash', 'zsh', 'fish'], []],
] as const;

describe.each(['bash', 'zsh', 'fish'] as const)('completion for %s', (shell) => {
  test.each(lines)('%j', async (words, offered, not) => {
    await using scratch = await makeScratch();
    const script = join(scratch.path, 'completion');
    mkdirSync(join(scratch.path, 'bin'));
    writeFileSync(script, await completionOf(shell));
    const line = ['coven-doctor', ...words];
    const said =
      shell === 'bash'
        ? run(
            'bash',
            [
              '-c',
              `source ${script}; COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _coven_doctor 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
            ],
            scratch.path,
          )
        : shell === 'fish'
          ? run('fish', ['-N', '-c', `source ${script}; complete -C '${line.join(' ')}'`], scratch.path)
          : run('zsh', ['-f', '-c', zshAsks(script, line)], scratch.path);
    if (said === null) return;
    const words_ = said.split(shell === 'zsh' ? /[\s*[\]():']+/ : /\s+/);
    expect(offered.filter((word) => !words_.includes(word))).toEqual([]);
    if (shell !== 'zsh') expect(not.filter((word) => words_.includes(word as never))).toEqual([]);
  });
});

/**
 * Runs the function in the real zsh, where what offers the words prints them: a terminal that completes tells nobody when
 * it is done. What is offered is not yet cut down to what was typed.
 */
const zshAsks = (script: string, words: readonly string[]): string => `
compdef() { }
_describe() { print -rl -- "\${(@P)2}" }
_arguments() { print -rl -- "$@" }
source ${script}
words=(${words.map((word) => `'${word}'`).join(' ')})
CURRENT=\${#words}
_coven_doctor
`;

test('the manual page has every command and is read without a warning', async () => {
  const page = manual();
  for (const { name } of named) expect(page).toContain(`.SS coven\\-doctor ${name.replaceAll('-', '\\-')}`);
  await using scratch = await makeScratch();
  const file = join(scratch.path, 'coven-doctor.1');
  writeFileSync(file, page);
  const said = run('groff', ['-man', '-ww', '-Tascii', '-z', file], scratch.path);
  if (said !== null) expect(said).toBe('');
});
