import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { makeWorld, ours, startDaemon, until } from '../../fixtures/daemon/daemon.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { hoursAgo, makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';
import { savedState } from '../../fixtures/upgrade-state.ts';

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));
const stopped = 'daemon stopped warn';

function make(scratch: Scratch) {
  const cwd = join(scratch.path, 'project');
  mkdirSync(cwd);
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'running' }], events: 3 });
  return { home, cwd, file: join(cwd, 'before.json') };
}

function put(file: string): string {
  writeFileSync(file, '{}');
  return file;
}

/** A state that fits a home. */
function stateOf(home: string): object {
  const { dev, ino } = lstatSync(home, { bigint: true });
  return { ...savedState, at: hoursAgo(0), home: { dev: String(dev), ino: String(ino) } };
}

describe('bad input is one line, exit 2, and nothing done', () => {
  test.each([
    ['preflight --target-version soon', '--target-version takes one version'],
    ['preflight --target-version 0.4.7 --target-version 0.4.8', '--target-version takes one version'],
    ['preflight --require sessions,,hub', '--require takes names'],
    ['preflight --require $(id)', '--require takes names'],
    ['preflight --contract a/b', '--contract takes one name'],
    ['preflight --wait-idle 10', '--wait-idle takes one duration'],
    ['preflight --wait-idle 25h', '--wait-idle takes one duration'],
    ['preflight --save a --save b', '--save takes one path'],
    ['preflight --save nowhere/before.json', 'its folder cannot be used (ENOENT)'],
    ['preflight --deep', 'unknown option --deep'],
    ['preflight --fix', 'unknown option --fix'],
    ['preflight --only harness', 'unknown check "harness"'],
    ['preflight surplus', 'unexpected argument "surplus"'],
    ['postflight', 'postflight needs --against FILE'],
    ['postflight --against nowhere', 'nowhere: there is no such file'],
  ])('%s', async (words, line) => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    const before = snapshot(scratch.path);
    const { exitCode, stdout, stderr } = await cli([...words.split(' '), '--home', home], { cwd });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(snapshot(scratch.path)).toEqual(before);
  });
});

describe('--save', () => {
  test('keeps the state for its owner alone, whatever the exit code, with ids and counts and no more', async () => {
    await using scratch = await makeScratch();
    const { home, cwd, file } = make(scratch);
    writeFileSync(file, 'old', { mode: 0o644 });
    const { exitCode } = await diagnose(home, {
      command: 'preflight',
      args: ['--save', file, '--target-version', '0.4.7'],
      cwd,
    });
    expect(exitCode).toBe(3);
    expect(readdirSync(cwd)).toEqual(['before.json']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    const { at, runId, ledger, home: identity, tool, salt, ...rest } = JSON.parse(text);
    expect(salt).toMatch(/^[0-9a-f]{64}$/);
    // An id that has not the form of Coven's is not told: it is the same, or another.
    const sealed = (id: string): string =>
      `‹${id.length > 1 ? 'text' : 'word'}:${id.length} ${createHmac('sha256', salt).update(id).digest('hex').slice(0, 16)}›`;
    expect(rest).toEqual({
      schemaVersion: 1,
      ready: false,
      requirements: { targetVersion: '0.4.7', contract: null, capabilities: [] },
      installed: null,
      daemon: 'none',
      sessions: {
        byStatus: [{ status: 'running', count: 1 }],
        open: [{ id: sealed('a'), status: 'running', standing: 'gone' }],
        openComplete: true,
      },
    });
    const anyTime = expect.stringMatching(/^20/);
    const events = [0, 1, 2].map((index) => ({ rowid: index + 1, id: sealed(`a-${index}`), at: anyTime }));
    expect(ledger.tables).toEqual([
      { table: 'events', rows: 3, firstRowid: 1, lastRowid: 3, sample: events },
      { table: 'sessions', rows: 1, firstRowid: 1, lastRowid: 1, sample: [{ rowid: 1, id: sealed('a'), at: anyTime }] },
      { table: 'store_meta', rows: 0, firstRowid: null, lastRowid: null, sample: [] },
    ]);
    // The rows hold a title, a project and events.
    expect(text).not.toMatch(/title|project|xxx/);
    expect(text).not.toContain(scratch.path);
  });

  test.each<[string, (home: string, file: string) => string | undefined, string]>([
    ['into the home', (home) => join(home, 'before.json'), 'lies in the Coven home'],
    [
      'into the home by a symlink',
      (home, file) => {
        symlinkSync(home, `${file}.d`);
        return `${file}.d/x`;
      },
      'lies in the Coven home',
    ],
    ['through a symlink', (home, file) => void symlinkSync(join(home, 'state.lock'), file), 'not a regular file'],
    ['over a folder', (_, file) => void mkdirSync(file), 'not a regular file'],
  ])('writes nothing %s', async (_, build, line) => {
    await using scratch = await makeScratch();
    const { home, cwd, file } = make(scratch);
    const place = build(home, file) ?? file;
    const before = snapshot(scratch.path);
    const { exitCode, stderr } = await cli(['preflight', '--home', home, '--save', place], { cwd });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(line)]);
    expect(snapshot(scratch.path)).toEqual(before);
  });

  test('of a home that is not there is refused', async () => {
    await using scratch = await makeScratch();
    const { cwd, file } = make(scratch);
    const { exitCode, stderr } = await cli(['preflight', '--home', join(scratch.path, 'none'), '--save', file], {
      cwd,
    });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('there is no Coven home')]);
    expect(existsSync(file)).toBe(false);
  });
});

describe('--against', () => {
  const deep = '['.repeat(100_000);
  const cases: readonly (readonly [string, (file: string, home: string, good: object) => unknown, string])[] = [
    ['a symlink', (file) => symlinkSync(put(`${file}.to`), file), 'not a regular file'],
    ['a FIFO', (file) => execFileSync('mkfifo', [file]), 'not a regular file'],
    ['what everybody can write', (file) => chmodSync(put(file), 0o606), 'by everybody'],
    ['what its group can write', (file) => chmodSync(put(file), 0o660), 'by its group'],
    ['what is too large', (file) => writeFileSync(file, ' '.repeat(5 * 1024 ** 2)), 'larger than'],
    ['no JSON', (file) => writeFileSync(file, 'before'), 'is no state'],
    ['JSON without an end of its depth', (file) => writeFileSync(file, deep), 'is no state'],
    ['no UTF-8', (file) => writeFileSync(file, Buffer.from([0x7b, 0xff])), 'is not UTF-8'],
    ['a list', (file) => writeFileSync(file, '[]'), 'is no state'],
    [
      'a key too many',
      (file, _, good) => writeFileSync(file, JSON.stringify({ ...good, command: 'rm' })),
      'is no state',
    ],
    [
      'a key of a prototype',
      (file, _, good) => writeFileSync(file, `{"__proto__":{"a":1},${JSON.stringify(good).slice(1)}`),
      'is no state',
    ],
    [
      'text that is too long',
      (file, _, good) => writeFileSync(file, JSON.stringify({ ...good, installed: 'x'.repeat(1000) })),
      'is no state',
    ],
    [
      'a negative count',
      (file, _, good) =>
        writeFileSync(
          file,
          JSON.stringify({ ...good, sessions: { ...savedState.sessions, byStatus: [{ status: 'x', count: -1 }] } }),
        ),
      'is no state',
    ],
    [
      'another home',
      (file, _, good) => writeFileSync(file, JSON.stringify({ ...good, home: { dev: '1', ino: '2' } })),
      'is of another home',
    ],
  ];

  const refuse = async (build: (typeof cases)[number][1], line: string): Promise<void> => {
    await using scratch = await makeScratch();
    const { home, cwd, file } = make(scratch);
    await build(file, home, stateOf(home));
    const { exitCode, stdout, stderr } = await cli(['postflight', '--home', home, '--against', file], { cwd });
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(line)]);
  };
  test.each(cases)('refuses %s', (_, build, line) => refuse(build, line));

  test.skipIf(process.geteuid?.() !== 0)('refuses what belongs to another user', () =>
    refuse((file) => chownSync(put(file), 65_534, 65_534), 'belongs to another user'),
  );

  test('takes what is in order, whose texts are text in every format', async () => {
    await using scratch = await makeScratch();
    const { home, cwd, file } = make(scratch);
    const hostile = '\u001b[31m\n::error::taken <script> ]]>';
    const { ledger, ...good } = stateOf(home) as typeof savedState;
    const state = {
      ...good,
      ledger,
      sessions: { ...savedState.sessions, open: [{ id: hostile, status: 'running', standing: 'live' }] },
    };
    writeFileSync(file, JSON.stringify(state));
    const { faults, document } = await diagnose(home, { command: 'postflight', args: ['--against', file], cwd });
    expect(faults).toContain('upgraded:sessions lost fail');
    const message = document.checks.find(({ id }) => id === 'upgraded:sessions')?.message ?? '';
    expect(message).toContain('\\u{1b}[31m\\u{a}::error::taken');
    const { stdout } = await cli(['postflight', '--home', home, '--against', file], { cwd });
    expect(stdout).not.toMatch(/\u001b|^::/m);
  });
});

describe('what is accepted', () => {
  const suppression = (check: string) => `[[suppress]]\ncheck = "${check}"\nreason = "known"\nexpires = 2099-12-31\n`;

  test('a file of a project names checks of an upgrade, and others do not mind it', async () => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    writeFileSync(join(cwd, '.coven-doctor.toml'), suppression('upgrade:contract') + suppression('harnesses'));
    expect((await diagnose(home, { cwd })).exitCode).toBe(0);
    expect((await diagnose(home, { cwd, command: 'preflight' })).exitCode).toBe(0);
  });

  test('a finding of a preflight is suppressed, and known by its baseline', async () => {
    await using scratch = await makeScratch();
    const { home, cwd, file } = make(scratch);
    const full = join(scratch.path, 'full');
    makeHome(full, { rows: [{ id: 'b', status: 'created', createdAt: hoursAgo(0) }] });
    const plain = await cli(['preflight', '--home', full, '--json', '--fail-on', 'warn'], { cwd });
    expect(plain.exitCode).toBe(1);
    writeFileSync(file, plain.stdout);
    const args = ['--fail-on', 'warn', '--baseline', file];
    expect((await diagnose(full, { cwd, command: 'preflight', args })).exitCode).toBe(0);
    writeFileSync(join(cwd, 's.toml'), suppression('upgrade:sessions') + suppression('daemon'));
    const suppressed = ['--fail-on', 'warn', '--suppress', 's.toml'];
    expect((await diagnose(full, { cwd, command: 'preflight', args: suppressed })).exitCode).toBe(0);
    expect((await diagnose(home, { cwd, command: 'preflight', args: suppressed })).exitCode).toBe(1);
  });
});

describe('--wait-idle', () => {
  /** A daemon with a session that lives until it is told to end. */
  const busy = async (scratch: Scratch) => {
    const world = makeWorld(scratch);
    const daemon = await startDaemon(scratch, world, ours);
    const end = join(scratch.path, 'end');
    scratch.onEnd(() => writeFileSync(end, ''));
    const id = await daemon.launch(`while [ ! -e ${end} ]; do sleep 0.05; done`);
    const command = `'${process.execPath}' '${program}' preflight --home '${world.home}' --wait-idle 10m`;
    const onTerminal = () =>
      execa('script', ['-qec', command, '/dev/null'], {
        env: { PATH: world.env.PATH, TERM: 'xterm', SHELL: '/bin/sh' },
        extendEnv: false,
        reject: false,
      });
    return { world, daemon, id, end, onTerminal };
  };
  const saidBy = async (
    run: ReturnType<Awaited<ReturnType<typeof busy>>['onTerminal']>,
    text: string,
  ): Promise<void> => {
    let said = '';
    run.stdout.on('data', (data) => {
      said += data;
    });
    await until(() => said.includes(text));
  };

  test('shows on a terminal what it waits for, and goes on when it has ended', async () => {
    await using scratch = await makeScratch();
    const { end, onTerminal } = await busy(scratch);
    const run = onTerminal();
    await saidBy(run, 'Waiting for 1 live session to end');
    writeFileSync(end, '');
    const { exitCode, stdout } = await run;
    expect(stdout).toContain('\r\u001b[K');
    expect(stdout).not.toContain('live-sessions');
    expect([exitCode, stdout.includes('Ready to upgrade')]).toEqual([0, true]);
  });

  test('is ended by SIGINT', async () => {
    await using scratch = await makeScratch();
    const { onTerminal } = await busy(scratch);
    const run = onTerminal();
    await saidBy(run, 'Waiting for 1 live session to end');
    run.stdin.write('\u0003');
    expect((await run).exitCode).toBe(130);
  });

  test('gives up in time, in silence where there is no terminal, and the report says what lives', async () => {
    await using scratch = await makeScratch();
    const { world, id } = await busy(scratch);
    const { exitCode, faults, document } = await diagnose(world.home, {
      command: 'preflight',
      args: ['--wait-idle', '1s'],
      env: { PATH: world.env.PATH ?? '' },
      daemonLives: true,
    });
    expect([exitCode, faults]).toEqual([1, ['upgrade:sessions live-sessions fail']]);
    expect(document.nextSteps[0]).toContain('--wait-idle');
    expect(document.checks.find((check) => check.id === 'upgrade:sessions')?.message).toContain(id);
  });

  test('does not wait where nothing lives', async () => {
    await using scratch = await makeScratch();
    const { home } = make(scratch);
    const { faults } = await diagnose(home, { command: 'preflight', args: ['--wait-idle', '24h'] });
    expect(faults).toEqual([stopped, 'sessions:orphaned orphaned warn']);
  });
});
