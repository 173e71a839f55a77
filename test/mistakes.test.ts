import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as turn } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleMembers, manifestOf } from '../fixtures/bundle/bundle.ts';
import { zipOf } from '../fixtures/bundle/zip.ts';
import { makeHome } from '../fixtures/home.ts';
import { buildMistaken, mistakes, mistakeWith } from '../fixtures/mistaken.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { readBundle } from '../src/bundle/read.ts';
import { verifyMembers } from '../src/bundle/verify.ts';

/** Whatever reads the text of others makes a mistake with some texts. */
const changes = [
  ['src/redaction/engine.ts', 'const { automaton, triggers, names, patterns, depth } = how;', mistakeWith('block')],
  [
    'src/coven/story.ts',
    'const attempts: Attempt[] = [];',
    mistakeWith("/[^\\n]{4097}/.test(text) || text.length > 65_536 ? text : ''"),
  ],
  [
    'src/redaction/proof.ts',
    'const rules = new Set<string>();',
    mistakeWith('Buffer.from(bytes).toString().replaceAll("‹", "")'),
  ],
  ['src/bundle/json.ts', 'if (bytes.length > limit)', mistakeWith('Buffer.from(bytes)')],
] as const;
const limits = [
  ['src/cli/archives/isolated.ts', 'archiveSeconds = 120', 'archiveSeconds = 3', 'archiveSeconds = 600'],
  ['src/host/texts.ts', 'textMs = 10_000', 'textMs = 3000', 'textMs = 600_000'],
  ['src/packing/packer.ts', 'unitSeconds = 30', 'unitSeconds = 4', 'unitSeconds = 600'],
  ['src/packing/packer.ts', 'wholeSeconds = 180', 'wholeSeconds = 180', 'wholeSeconds = 600'],
] as const;

let scratch: Scratch;
/** One has little time for each text; of the other, no time is what ends it, however busy this machine is. */
const programs = { hasty: '', patient: '' };
beforeAll(async () => {
  scratch = await makeScratch();
  for (const name of ['hasty', 'patient'] as const)
    programs[name] = await buildMistaken(join(scratch.path, name), [
      ...changes.map(([file, find, mistake]) => ({ file, find, put: `${mistake}\n${find}` })),
      ...limits.map(([file, find, hasty, patient]) => ({ file, find, put: { hasty, patient }[name] })),
    ]);
});
afterAll(() => scratch[Symbol.asyncDispose]());

const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
const run = (kind: keyof typeof mistakes, words: readonly string[]) =>
  execa(process.execPath, [kind === 'spins' ? programs.hasty : programs.patient, ...words], {
    cwd: scratch.path,
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });

const kinds = [
  ['takes for ever', 'spins'],
  ['takes all memory', 'allocates'],
] as const;

let number = 0;
const freshPath = (name: string): string => {
  number += 1;
  return join(scratch.path, `${number}-${name}`);
};

const at = '[2026-11-25T10:00:00.000000000Z]';
function homeWithLog(lines: string): string {
  const home = makeHome(freshPath('home'), { rows: [{ id: 'a', status: 'completed' }], events: 3 });
  writeFileSync(join(home, 'daemon-recovery.log'), `${at} startup_checkpoint phase=daemon-store-begin\n${lines}`, {
    mode: 0o600,
  });
  return home;
}
/** What a line says is read for the diagnosis, too; the stack of a panic for a bundle alone. */
const mistaken = (kind: keyof typeof mistakes): string => `${at} error: this line goes on ${mistakes[kind]}\n`;
const inBundle = (kind: keyof typeof mistakes): string =>
  homeWithLog(`${at} daemon panic: a step failed\n   0: this line goes on ${mistakes[kind]}\n`);
/** Longer than what is read without a process of its own. */
const longLog = `${at} startup_checkpoint phase=daemon-store-open\n`.repeat(2000);

interface Document {
  readonly checks: readonly {
    readonly id: string;
    readonly status: string;
    readonly message: string;
  }[];
}

async function diagnosed(
  kind: keyof typeof mistakes,
  home: string,
): Promise<{ exitCode: number | undefined; unknown: readonly string[]; known: number }> {
  const { exitCode, stdout, stderr } = await run(kind, ['--home', home, '--json', '--timeout', '300']);
  expect(stderr).toBe('');
  const { checks } = JSON.parse(stdout) as Document;
  return {
    exitCode,
    unknown: checks.filter(({ status }) => status === 'unknown').map(({ id, message }) => `${id}: ${message}`),
    known: checks.filter(({ status }) => status === 'pass').length,
  };
}

describe.each(kinds)('a text that %s to read', (_, kind) => {
  const why =
    kind === 'spins'
      ? /reading what it says took longer than 3000 ms/
      : /the process that reads what it says ended \(\w+\); it may use 256 MiB of memory/;

  test('an error in the log: the check of the log is unknown, and all others judge', async () => {
    const { unknown, known } = await diagnosed(kind, homeWithLog(mistaken(kind)));
    expect(unknown).toEqual([expect.stringMatching(why)]);
    expect(unknown[0]).toMatch(/^daemon:log: daemon\.log could not be read/);
    expect(known).toBeGreaterThan(10);
  });

  test('a long line: likewise', async () => {
    const line = `${at} startup_checkpoint phase=daemon-store-open ${'x'.repeat(4096)} ${mistakes[kind]}\n`;
    const { unknown, known } = await diagnosed(kind, homeWithLog(line));
    expect(unknown).toEqual([expect.stringMatching(why)]);
    expect(known).toBeGreaterThan(10);
  });

  test('a long log: likewise', async () => {
    const { unknown, known } = await diagnosed(kind, homeWithLog(longLog + mistaken(kind)));
    expect(unknown).toEqual([expect.stringMatching(why)]);
    expect(known).toBeGreaterThan(10);
  });

  test('a bundle of such a log is written without that member, and says so', async () => {
    const file = freshPath('x.zip');
    const { exitCode, stdout, stderr } = await run(kind, [
      ...['bundle', '--home', inBundle(kind), '-o', file],
      '--json',
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const why = expect.stringMatching(
      kind === 'spins'
        ? /^work on it took longer than 4 s$/
        : /^the process that worked on it ended \(\w+\); it may use 400 MiB$/,
    );
    expect(JSON.parse(stdout).leftOut).toContainEqual({ name: 'log/daemon-recovery.log', why });
    const { manifest, members } = verifyMembers(await readBundle(file));
    expect(manifest.leftOut).toContainEqual({ name: 'log/daemon-recovery.log', why });
    expect([...members.keys()]).toEqual(expect.arrayContaining(['observations.json', 'report.html', 'report.json']));
    expect(members.has('log/daemon-recovery.log')).toBe(false);
  });
});

function writeArchives(): string {
  const folder = freshPath('archives');
  mkdirSync(folder);
  for (const [name, what] of Object.entries({ whole: 'nothing', ...mistakes })) {
    const { 'manifest.json': _, ...members } = bundleMembers();
    const manifest = { ...manifestOf(members), cut: [{ name: 'log', what, why: 'limit' }] };
    const all = { ...members, 'manifest.json': Buffer.from(JSON.stringify(manifest)) };
    const archive = zipOf(Object.entries(all).map(([name, content]) => ({ name, content })));
    writeFileSync(join(folder, `${name}.zip`), archive);
  }
  return folder;
}

const commands = (folder: string, name: string): readonly (readonly string[])[] => [
  ['analyze', `${folder}/${name}.zip`],
  ['analyze', `${folder}/${name}.zip`, '--json'],
  ['bundle', 'verify', `${folder}/${name}.zip`],
  ['bundle', 'verify', `${folder}/${name}.zip`, '--json'],
  ['diff', `${folder}/${name}.zip`, `${folder}/whole.zip`],
];

test('an archive that nothing goes wrong with is read', async () => {
  const { exitCode, stdout, stderr } = await run('spins', ['bundle', 'verify', join(writeArchives(), 'whole.zip')]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('whole.zip is whole');
});

test.each(kinds)('an archive that %s to read is refused in one line that names it and the limit', async (_, kind) => {
  const folder = writeArchives();
  for (const words of commands(folder, kind).slice(0, kind === 'spins' ? undefined : 1)) {
    const { exitCode, stdout, stderr } = await run(kind, words);
    expect({ words, exitCode, stdout }).toEqual({ words, exitCode: 2, stdout: '' });
    expect(stderr).toMatch(
      kind === 'spins'
        ? /^coven-doctor: [^\n]*spins\.zip[^\n]*: reading it took longer than the 3 seconds that it may take$/
        : /^coven-doctor: [^\n]*allocates\.zip[^\n]*: the process that reads it ended \(\w+\); it may use 320 MiB of memory$/,
    );
  }
});

/** Ticks of processor time of a process; -1 where it is gone. */
function ticks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? -1 : Number(fields[11]) + Number(fields[12]);
  } catch {
    return -1;
  }
}

const childrenOf = (pid: number): readonly number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/** The process of a name that `parent` has started, once it is in the loop that does not end. */
async function spinning(parent: number, name: string): Promise<number> {
  for (;;) {
    const named = childrenOf(parent).filter((pid) => {
      const line = `/proc/${pid}/cmdline`;
      return existsSync(line) && readFileSync(line, 'utf8').includes(`${name}.js`) && ticks(pid) > 100;
    });
    if (named[0] !== undefined) return named[0];
    await turn(10);
  }
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s', (signal, code) => {
  test.each([
    ['a diagnosis', 'text', () => ['--home', homeWithLog(mistaken('spins')), '--timeout', '600']],
    ['a bundle', 'pack', () => ['bundle', '--home', inBundle('spins'), '-o', freshPath('x.zip')]],
    ['an analysis', 'command', () => ['analyze', join(writeArchives(), 'spins.zip')]],
  ] as const)('ends %s at a text that takes for ever, and the process that reads it', async (_, name, words) => {
    const child = spawn(process.execPath, [programs.patient, ...words()], { cwd: scratch.path, env, stdio: 'ignore' });
    const gone = once(child, 'exit');
    const ended = gone.then(() => expect.fail('it ended by itself'));
    const pid = await Promise.race([spinning(child.pid ?? 0, name), ended]);
    process.kill(child.pid ?? 0, signal);
    expect(await gone).toEqual([code, null]);
    while (ticks(pid) >= 0) await turn(10);
  });
});

test('a bundle that is ended leaves nothing', async () => {
  const folder = freshPath('out');
  mkdirSync(folder);
  const words = ['bundle', '--home', inBundle('spins'), '-o', join(folder, 'x.zip')];
  const child = spawn(process.execPath, [programs.patient, ...words], { env, stdio: 'ignore' });
  const gone = once(child, 'exit');
  await spinning(child.pid ?? 0, 'pack');
  child.kill('SIGTERM');
  await gone;
  expect(readdirSync(folder)).toEqual([]);
});
