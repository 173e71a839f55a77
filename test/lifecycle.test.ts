import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { makeWorld as makeBareWorld, ours, until, type World } from '../fixtures/daemon/daemon.ts';
import { diagnose } from '../fixtures/diagnose.ts';
import { startProgram } from '../fixtures/double.ts';
import { holdAfter } from '../fixtures/held.ts';
import { makeHome } from '../fixtures/home.ts';
import { endProcesses, findRealCoven } from '../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { snapshot } from '../fixtures/snapshot.ts';
import { nativePackages } from '../src/coven/install.ts';
import { allPids, readArgv, readEnviron } from '../src/host/procfs.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no control of the real Coven: ${real.why}`);
const binary = 'path' in real ? real.path : '';

/** A world without any `coven` on PATH, whose daemons end with it. */
function makeWorld(scratch: Scratch): World {
  const world = makeBareWorld(scratch);
  scratch.onEnd(() => void endProcesses(world.home));
  return {
    ...world,
    env: { ...world.env, PATH: `${join(scratch.path, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin` },
  };
}

/** Puts a program named `coven` on the world's PATH. */
function install(scratch: Scratch, target: string): void {
  symlinkSync(target, join(scratch.path, 'bin', 'coven'));
}

async function daemon({ env, project }: World, ...words: readonly string[]) {
  const [file, ...before] = ours;
  return execa(file, [...before, 'daemon', ...words], {
    env,
    cwd: project,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
}

async function told(world: World, ...words: readonly string[]) {
  const { stdout, stderr, exitCode } = await daemon(world, ...words, '--json');
  expect(stderr).toBe('');
  const document = JSON.parse(stdout);
  expect(exitCode).toBe(document.ok || document.status === 'stopped' || document.status === 'stale' ? 0 : 1);
  return document;
}

const recordOf = ({ home }: World): { pid: number; startedAt: string } =>
  JSON.parse(readFileSync(join(home, 'daemon.json'), 'utf8'));

test('where there is no other Coven, the minimal daemon is started, restarted and stopped', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const socket = join(world.home, 'coven.sock');
  expect(await told(world, 'status')).toEqual({
    ok: false,
    pid: null,
    socket: null,
    started_at: null,
    status: 'stopped',
  });
  expect(existsSync(world.home)).toBe(false);
  const first = await told(world, 'start');
  const { pid, startedAt } = recordOf(world);
  expect(first).toEqual({
    ok: true,
    action: 'start',
    changed: true,
    status: 'running',
    pid,
    socket,
    started_at: startedAt,
    program: 'minimal',
    failure: null,
  });
  expect((await diagnose(world.home, { env: world.env, daemonLives: true })).faults).toEqual([]);
  expect(await told(world, 'start')).toEqual({ ...first, changed: false });
  expect(await told(world, 'status')).toEqual({ ok: true, pid, socket, started_at: startedAt, status: 'running' });
  const second = await told(world, 'restart');
  expect(second).toMatchObject({ ok: true, action: 'restart', changed: true, failure: null });
  expect(second.pid).toBe(recordOf(world).pid);
  expect(second.pid).not.toBe(pid);
  const stopped = { action: 'stop', status: 'stopped', pid: null, socket: null, started_at: null, failure: null };
  expect(await told(world, 'stop')).toEqual({ ok: true, changed: true, program: 'minimal', ...stopped });
  expect(await told(world, 'stop')).toEqual({ ok: true, changed: false, program: 'minimal', ...stopped });
  expect([existsSync(socket), existsSync(join(world.home, 'daemon.json'))]).toEqual([false, false]);
});

test('a start that fails tells the step and the reason, and leaves no daemon', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  mkdirSync(world.home, { mode: 0o700 });
  writeFileSync(join(world.home, 'coven.sqlite3'), 'no database, '.repeat(100));
  const { exitCode, stdout, stderr } = await daemon(world, 'start');
  expect([exitCode, stdout, stderr]).toEqual([1, '', 'Error: opening the ledger: file is not a database']);
  expect(existsSync(join(world.home, 'coven.sock'))).toBe(false);
  expect((await told(world, 'start')).failure).toEqual({
    step: 'opening the ledger',
    reason: 'file is not a database',
  });
});

test('two starts at once end with one daemon, and both say so', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const both = await Promise.all([told(world, 'start'), told(world, 'start')]);
  const { pid } = recordOf(world);
  expect(both.map(({ ok, pid }) => [ok, pid])).toEqual([
    [true, pid],
    [true, pid],
  ]);
  expect(both.filter(({ changed }) => changed)).toHaveLength(1);
});

test('a daemon that hangs is neither started beside nor stopped', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const { pid } = await told(world, 'start');
  process.kill(pid, 'SIGSTOP');
  const reason = `the daemon (pid ${pid}) is alive and does not answer`;
  expect((await told(world, 'start')).failure.reason).toContain(reason);
  expect((await told(world, 'stop')).failure.reason).toContain(reason);
  expect((await daemon(world, 'status')).exitCode).toBe(1);
  process.kill(pid, 'SIGCONT');
  expect((await told(world, 'stop')).ok).toBe(true);
});

test('what kill -9 leaves is stale, is not stopped, and a start takes it over', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const { pid } = await told(world, 'start');
  process.kill(pid, 'SIGKILL');
  await until(() => !existsSync(`/proc/${pid}/exe`));
  expect(await told(world, 'status')).toMatchObject({ ok: false, pid, status: 'stale' });
  const { failure } = JSON.parse((await daemon(world, 'stop', '--json')).stdout);
  expect(failure.reason).toContain(`daemon.json still names pid ${pid}`);
  expect(await told(world, 'start')).toMatchObject({ ok: true, changed: true });
});

describe('the command that is used', () => {
  test('is never this package by another name', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    chmodSync(ours[1] ?? '', 0o755);
    install(scratch, ours[1] ?? '');
    expect((await told(world, 'start')).program).toBe('minimal');
  });

  test('must be an executable file', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    const { exitCode, stderr } = await daemon(world, 'start', '--daemon-command', '/nonexistent/coven');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('"/nonexistent/coven" is not an executable file')]);
    expect(existsSync(world.home)).toBe(false);
  });

  test('may give up on a start that goes on: the daemon decides', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    const [node, script] = ours;
    const impatient = join(scratch.path, 'impatient');
    writeFileSync(
      impatient,
      `#!/bin/sh\nsetsid '${node}' '${script}' daemon serve </dev/null >/dev/null 2>&1 &\nwhile [ ! -s "$COVEN_HOME/daemon-recovery.log" ]; do sleep 0.02; done\necho 'Error: timed out' >&2; exit 1\n`,
      { mode: 0o755 },
    );
    expect(await told(world, 'start', '--daemon-command', impatient)).toMatchObject({ ok: true, program: impatient });
  });

  test('may be named by a path from here', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    writeFileSync(join(world.project, 'failing'), "#!/bin/sh\necho 'Error: it ran' >&2; exit 1\n", { mode: 0o755 });
    expect((await told(world, 'start', '--daemon-command', './failing')).failure.reason).toBe('it ran');
  });

  test('is not blamed on what an earlier start wrote', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    writeFileSync(
      join(makeHome(world.home), 'daemon-recovery.log'),
      '[2026-11-01T10:00:00.000000000Z] startup_checkpoint phase=store-connection-opened elapsed_ms=0\n',
    );
    const failing = join(scratch.path, 'failing');
    writeFileSync(failing, "#!/bin/sh\necho 'Error: no luck' >&2; exit 1\n", { mode: 0o755 });
    expect((await told(world, 'start', '--daemon-command', failing)).failure.reason).toBe('no luck');
  });

  test('that fails is quoted', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    const failing = join(scratch.path, 'failing');
    writeFileSync(failing, "#!/bin/sh\nprintf 'Error: no luck\\033[2J today\\n' >&2; exit 1\n", { mode: 0o755 });
    const { exitCode, stderr } = await daemon(world, 'start', '--daemon-command', failing);
    expect([exitCode, stderr]).toEqual([1, `Error: ${failing} daemon start: no luck\\u{1b}[2J today`]);
  });
});

describe.each(['minimal', ...(binary ? [binary] : [])])('a ledger that a start would harm, with %s', (command) => {
  test('is missing while its WAL holds rows', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    makeHome(world.home, { leaveWal: true, rows: [{ id: 'a', status: 'completed' }] });
    rmSync(join(world.home, 'coven.sqlite3'));
    const before = snapshot(world.home);
    const { failure } = await told(world, 'start', '--daemon-command', command);
    expect(failure).toEqual({ step: 'looking at the ledger', reason: expect.stringContaining('missing or empty') });
    expect(snapshot(world.home)).toEqual(before);
  });

  test('has the WAL of another one', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    makeHome(world.home, { rows: [{ id: 'a', status: 'completed' }] });
    const other = makeHome(`${world.home}-other`, { leaveWal: true, rows: [{ id: 'b', status: 'failed' }] });
    renameSync(join(other, 'coven.sqlite3-wal'), join(world.home, 'coven.sqlite3-wal'));
    const before = snapshot(world.home);
    for (const word of ['start', 'restart']) {
      const { failure } = await told(world, word, '--daemon-command', command);
      expect(failure).toEqual({ step: 'looking at the ledger', reason: expect.stringContaining('of another ledger') });
    }
    expect(snapshot(world.home)).toEqual(before);
  });
});

test.each(['node', 'another program'])('a foreign listener, %s, is not asked to stop, nor run', async (name) => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  makeHome(world.home);
  const program = name === 'node' ? process.execPath : join(scratch.path, 'program');
  if (name !== 'node') copyFileSync(process.execPath, program);
  const child = await startProgram(scratch, program, [
    '-e',
    `const s = require('node:http').createServer((q, r) => { console.log(q.url); r.end('{"ok":true,"apiVersion":"coven.daemon.v1","daemon":{"pid":' + process.pid + '}}'); });
     s.listen(${JSON.stringify(join(world.home, 'coven.sock'))}, () => { require('node:fs').chmodSync(s.address(), 0o600); console.log('ready'); });`,
  ]);
  let asked = '';
  child.stdout?.on('data', (data) => {
    asked += data;
  });
  const { failure, program: used } = JSON.parse((await daemon(world, 'stop', '--json')).stdout);
  expect([failure.reason, used]).toEqual([expect.stringContaining('is no daemon of this home'), 'minimal']);
  expect(asked).not.toContain('shutdown');
});

test('SIGINT ends a start with 130, and what it waits for with it', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const slow = join(scratch.path, 'slow');
  writeFileSync(slow, '#!/bin/sh\necho $$ >"$HOME/began"\nexec sleep 60\n', { mode: 0o755 });
  const [file, ...before] = ours;
  const run = execa(file, [...before, 'daemon', 'start', '--daemon-command', slow], {
    env: world.env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
  await until(
    () => existsSync(join(scratch.path, 'began')) && readFileSync(join(scratch.path, 'began'), 'utf8') !== '',
  );
  run.kill('SIGINT');
  expect((await run).exitCode).toBe(130);
  const pid = readFileSync(join(scratch.path, 'began'), 'utf8').trim();
  await until(() => !existsSync(`/proc/${pid}/exe`));
});

test('SIGINT ends a start of the minimal daemon, and the daemon with it', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const [file, ...before] = ours;
  // Held as it begins, the daemon is found before it answers.
  const hold = holdAfter(scratch.path, 'daemon starting');
  const run = execa(file, [...before, 'daemon', 'start'], {
    env: { ...world.env, ...hold.env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
  // Stopped while it starts, the daemon never answers.
  const isDaemon = (pid: number): boolean =>
    (readArgv(pid)?.includes('serve') ?? false) && readEnviron(pid, ['COVEN_HOME'])?.COVEN_HOME === world.home;
  let daemon: number | undefined;
  while (daemon === undefined) {
    daemon = allPids()?.find(isDaemon);
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.kill(daemon, 'SIGSTOP');
  hold.letGo();
  run.kill('SIGINT');
  expect((await run).exitCode).toBe(130);
  process.kill(daemon, 'SIGCONT');
  await until(() => !existsSync(`/proc/${daemon}/exe`));
  expect(existsSync(join(world.home, 'coven.sock'))).toBe(false);
});

describe.skipIf('why' in real)('the real Coven', () => {
  test('is started twice at once: one of the two says that it did', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    install(scratch, binary);
    const both = await Promise.all([told(world, 'start'), told(world, 'start')]);
    expect(both.map(({ ok, changed }) => [ok, changed]).sort(), JSON.stringify(both)).toEqual([
      [true, false],
      [true, true],
    ]);
  });

  test('that takes a foreign process for its daemon is not sent round in circles', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    install(scratch, binary);
    const record = `{"pid": 1, "startedAt": "2026-11-01T10:00:00Z", "socket": "${world.home}/coven.sock"}`;
    writeFileSync(join(makeHome(world.home), 'daemon.json'), record, { mode: 0o600 });
    for (const word of ['start', 'restart', 'stop']) {
      const { failure } = JSON.parse((await daemon(world, word, '--json')).stdout);
      expect(failure).toEqual({
        step: 'looking at the home',
        reason: expect.stringContaining('move daemon.json aside'),
      });
    }
    renameSync(join(world.home, 'daemon.json'), join(world.home, 'daemon.json.aside'));
    expect(await told(world, 'start')).toMatchObject({ ok: true, changed: true });
  });

  test('is started, known by its process, restarted and stopped', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    install(scratch, binary);
    const onPath = join(scratch.path, 'bin', 'coven');
    const first = await told(world, 'start');
    expect(first).toMatchObject({ ok: true, changed: true, program: onPath, pid: recordOf(world).pid });
    const running = readlinkSync(`/proc/${first.pid}/exe`);
    const elsewhere = { ...world, env: { ...world.env, PATH: '/usr/bin:/bin' } };
    const second = await told(elsewhere, 'restart');
    expect(second).toMatchObject({ ok: true, program: running, pid: recordOf(world).pid });
    expect(readlinkSync(`/proc/${second.pid}/exe`)).toBe(running);
    expect(await told(elsewhere, 'stop')).toMatchObject({ ok: true, changed: true, program: running });
    expect((await told(world, 'status')).status).toBe('stopped');
  });

  test('that cannot start is told with the last step of its log', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    install(scratch, binary);
    mkdirSync(world.home, { mode: 0o700 });
    writeFileSync(join(world.home, 'coven.sqlite3'), 'no database, '.repeat(100));
    const { failure } = await told(world, 'start');
    expect(failure.step).toBe(`${join(scratch.path, 'bin', 'coven')} daemon start`);
    expect(failure.reason).toBe(
      'timed out waiting for Coven daemon startup health (last in the recovery log: store-connection-opened)',
    );
  });

  test('owns its ledger: the minimal daemon serves it only when asked for by name', async () => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    expect((await told(world, 'start', '--daemon-command', binary)).program).toBe(binary);
    expect((await told(world, 'stop')).ok).toBe(true);
    expect((await told(world, 'start')).failure).toMatchObject({ step: 'choosing the daemon' });
    expect(await told(world, 'start', '--daemon-command', 'minimal')).toMatchObject({ ok: true, program: 'minimal' });
    // It serves the ledger by now: a restart must not stop it and then find that it may not start.
    expect(await told(world, 'restart')).toMatchObject({ ok: true, program: 'minimal' });
  });
});

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('no Coven of another user: only root can give a file away');

test.skipIf(!isRoot)('a Coven of another user is not started by root unless it was asked for by name', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const [bin, mark] = [join(scratch.path, 'bin'), join(scratch.path, 'mark')];
  const program = join(bin, 'coven');
  const write = (file: string): void =>
    writeFileSync(file, `#!/bin/sh\necho ran >> '${mark}'\nexit 1\n`, { mode: 0o755 });
  const { uid: root } = statSync(bin);
  const refused = async (of: string, why: string): Promise<void> => {
    for (const word of ['start', 'restart']) {
      const { failure } = await told(world, word);
      expect(failure.step).toBe('choosing the daemon');
      expect(failure.reason).toBe(
        `${of} ${why}; run this as the user whose home it is, or name the program that you trust with --daemon-command`,
      );
    }
    expect(existsSync(mark)).toBe(false);
  };
  const another = 'belongs to uid 54321, and root would run it';
  write(program);
  chownSync(program, 54321, 54321);
  await refused(program, another);
  // Root's own file in a folder in which that user can put another one in its place.
  chownSync(program, root, root);
  chownSync(bin, 54321, 54321);
  await refused(bin, another);
  // The same at the other end of a link.
  chownSync(bin, root, root);
  const elsewhere = join(scratch.path, 'elsewhere');
  mkdirSync(elsewhere);
  write(join(elsewhere, 'coven'));
  chownSync(elsewhere, 54321, 54321);
  rmSync(program);
  symlinkSync(join(elsewhere, 'coven'), program);
  await refused(elsewhere, another);
  chownSync(elsewhere, root, root);
  chmodSync(join(elsewhere, 'coven'), 0o777);
  await refused(join(elsewhere, 'coven'), 'can be written to by everybody');
  // The launcher of the npm package is root's; the program that it becomes is not.
  rmSync(program);
  write(program);
  const name = nativePackages[`${process.platform}-${process.arch}`] ?? expect.fail('no native package');
  const native = join(bin, 'node_modules', name, 'bin');
  mkdirSync(native, { recursive: true });
  write(join(native, 'coven'));
  chownSync(native, 54321, 54321);
  await refused(native, another);
  expect(await told(world, 'stop')).toMatchObject({ ok: true, changed: false });
  await told(world, 'start', '--daemon-command', program);
  expect(existsSync(mark)).toBe(true);
});
