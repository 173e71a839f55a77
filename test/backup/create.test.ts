import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { backUp, backupsOf, covens, runFolders, told } from '../../fixtures/backup.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { damageTable, makeHome, makeLedger, overwrite } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { prove } from '../../src/backup/prove.ts';
import { names } from '../../src/coven/layout.ts';

// Each backup is proven, with several processes of its own.
vi.setConfig({ testTimeout: 900_000 });

const never = new AbortController().signal;
const rows = [
  { id: 'session-1', status: 'running' },
  { id: 'session-2', status: 'completed' },
];
const makeOne = (scratch: Scratch, leaveWal = false): string =>
  makeHome(join(scratch.path, 'home'), { rows, events: 300, leaveWal });
const usual = [
  '. directory',
  'automations-scheduler.lock file',
  'coven.sqlite3 file',
  'daemon-recovery.log file',
  'daemon-serve.lock file',
  'daemon.lock file',
  'state.lock file',
];

test('a home with everything that a file system can hold', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  for (const left of ['reset-backups', 'engine', 'doctor']) mkdirSync(join(home, left), { mode: 0o700 });
  writeFileSync(join(home, 'engine', 'large'), 'x');
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  writeFileSync(join(home, 'keys', 'session-artifacts.key'), 'key', { mode: 0o400 });
  linkSync(join(home, 'keys', 'session-artifacts.key'), join(home, 'keys', 'same.key'));
  mkdirSync(join(home, 'closed'), { mode: 0o500 });
  chmodSync(join(home, 'closed'), 0o2550);
  writeFileSync(join(home, 'tool'), '', { mode: 0o4755 });
  chmodSync(join(home, 'tool'), 0o4755);
  symlinkSync('.', join(home, 'loop'));
  symlinkSync('nowhere', join(home, 'dangling'));
  spawnSync('mkfifo', [join(home, 'fifo')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(home, names.socket), resolve));
  scratch.onEnd(() => new Promise<void>((resolve) => server.close(() => resolve())));
  mkdirSync(join(home, 'afs', 'one'), { recursive: true, mode: 0o700 });
  makeLedger(join(home, 'afs', 'one', 'delta.db'), { rows, leaveWal: true });
  const before = covens(home);
  const backup = await backUp(home);
  expect(covens(home)).toEqual(before);
  expect(told(backup)).toEqual(
    [
      ...usual,
      'afs directory',
      'afs/one directory',
      'afs/one/delta.db file',
      'afs/one/delta.db-shm file',
      'afs/one/delta.db-wal file',
      'closed directory',
      'coven.sock socket',
      'dangling symlink',
      'fifo fifo',
      'keys directory',
      'keys/same.key file',
      'keys/session-artifacts.key hard-link',
      'loop symlink',
      'tool file',
    ].sort(),
  );
  expect(backup.manifest.ledgers.map(({ path, way, sound }) => [path, way, sound])).toEqual([
    ['afs/one/delta.db', 'raw', true],
    ['coven.sqlite3', 'raw', true],
  ]);
  expect(backup.proof).toMatchObject({ proven: true, sound: true, rows: { sessions: 2, events: 300 } });
  const modes = readdirSync(join(backup.path, '..'), { recursive: true, encoding: 'utf8' }).map(
    (name) => lstatSync(join(backup.path, '..', name)).mode & 0o7077,
  );
  expect(new Set(modes)).toEqual(new Set([0]));
  expect(await prove(backup.path, backup.manifest, never)).toMatchObject({ proven: true, sound: true });
});

test('rows that are in the WAL alone are in the backup, and the home is left as it is', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch, true);
  const before = covens(home);
  const { proof, manifest } = await backUp(home);
  expect(covens(home)).toEqual(before);
  expect(proof.rows).toMatchObject({ sessions: 2, events: 300 });
  expect(manifest.ledgers[0]?.stood.map(({ path }) => path)).toEqual([names.ledger, names.wal, names.shm]);
});

describe('a damaged ledger is kept byte for byte, and is not called sound:', () => {
  const faults: Readonly<Record<string, (ledger: string) => void>> = {
    'a header of zeros': (ledger) => overwrite(ledger, 0, 100),
    'a schema page of noise': (ledger) => overwrite(ledger, 100, 3900, 0xff),
    'cut in half': (ledger) => truncateSync(ledger, statSync(ledger).size >> 1),
    'a page of events gone': (ledger) => damageTable(ledger, 'events'),
    'no bytes': (ledger) => truncateSync(ledger, 0),
    'no main file': (ledger) => renameSync(ledger, `${ledger}.gone`),
  };
  test.each(Object.keys(faults))('%s', async (name) => {
    await using scratch = await makeScratch();
    // With a WAL only where the main file is gone: it would hide what is damaged beneath it.
    const leaveWal = name.startsWith('no ');
    const home = makeHome(join(scratch.path, 'home'), { rows, events: 3000, leaveWal });
    faults[name]?.(join(home, names.ledger));
    const before = covens(home);
    const { path, proof, manifest } = await backUp(home);
    expect(covens(home)).toEqual(before);
    expect(proof.sound).toBe(false);
    expect(manifest.ledgers.map(({ way }) => way)).toEqual(['raw']);
    for (const part of [names.ledger, names.wal, names.shm]) {
      if (!existsSync(join(home, part))) continue;
      expect(readFileSync(join(path, 'files', part)).equals(readFileSync(join(home, part)))).toBe(true);
    }
    expect(await prove(path, manifest, never)).toMatchObject({ proven: true, sound: false });
  });
});

test('a sparse file of 1 GB stays sparse, in the backup and restored from it', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const big = join(home, 'exports');
  writeFileSync(big, 'begin');
  truncateSync(big, 1e9);
  overwrite(big, 500_000_000, 4096, 7);
  const { path, manifest } = await backUp(home);
  const copy = statSync(join(path, 'files', 'exports'));
  expect(copy.size).toBe(1e9);
  expect(copy.blocks * 512).toBeLessThan(1024 ** 2);
  expect(manifest.entries.find((entry) => entry.path === 'exports')).toMatchObject({ size: 1e9, sparse: true });
});

test('10,000 small files', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  for (let folder = 0; folder < 10; folder += 1) {
    mkdirSync(join(home, `memory-${folder}`), { mode: 0o700 });
    for (let file = 0; file < 1000; file += 1) writeFileSync(join(home, `memory-${folder}`, `${file}`), `${file}`);
  }
  const { manifest } = await backUp(home);
  expect(manifest.entries.filter(({ kind }) => kind === 'file')).toHaveLength(10_006);
});

test('a log that is written to while it is copied is proven over the bytes that were copied', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const log = join(home, names.recoveryLog);
  writeFileSync(log, 'line\n'.repeat(4_000_000), { mode: 0o600 });
  const script =
    'const fs = require("fs"); setInterval(() => fs.appendFileSync(process.argv[1], "more\\n".repeat(100)), 1)';
  const writer = spawn(process.execPath, ['-e', script, log], { stdio: 'ignore' });
  scratch.onEnd(async () => {
    const gone = new Promise((resolve) => writer.once('exit', resolve));
    writer.kill('SIGKILL');
    await gone;
  });
  const size = (): number => statSync(log).size;
  const first = size();
  while (size() === first) await new Promise((resolve) => setTimeout(resolve, 5));
  const { path, manifest } = await backUp(home);
  const entry = manifest.entries.find((entry) => entry.path === names.recoveryLog);
  const copy = readFileSync(join(path, 'files', names.recoveryLog));
  expect(entry).toMatchObject({ size: copy.length });
  expect(readFileSync(log).subarray(0, copy.length).equals(copy)).toBe(true);
});

describe('refused, with nothing left behind:', () => {
  const asRoot = process.geteuid?.() === 0;
  /** Root reads everything, so there the backup is made as nobody. */
  const uid = asRoot ? 65_534 : undefined;

  async function refusedBackup(scratch: Scratch, home: string): Promise<string> {
    if (uid !== undefined) {
      chownSync(scratch.path, uid, uid);
      spawnSync('chown', ['-hR', `${uid}:${uid}`, home]);
    }
    const { exitCode, stderr, stdout } = await cli(['backup', 'create', '--home', home], { ...(uid && { uid }) });
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(existsSync(join(home, 'doctor', 'runs')) ? runFolders(home) : []).toEqual([]);
    return stderr;
  }

  test('a home that cannot be listed', async () => {
    await using scratch = await makeScratch();
    const home = makeOne(scratch);
    chmodSync(home, 0o300);
    expect(await refusedBackup(scratch, home)).toContain('this user may not read the home; first: chmod 700 ');
    chmodSync(home, 0o700);
  });

  test('a home that is a symlink, one of another user, and a folder of ours that is open to others', async () => {
    await using scratch = await makeScratch();
    const home = makeOne(scratch);
    const link = join(scratch.path, 'link');
    symlinkSync(home, link);
    await expect(backUp(link)).rejects.toThrow('is a symlink');
    mkdirSync(join(home, 'doctor'), { mode: 0o755 });
    chmodSync(join(home, 'doctor'), 0o755);
    await expect(backUp(home)).rejects.toThrow('doctor is open to others; make it yours alone');
    if (!asRoot) return console.log('no test of a home of another user: this is not root');
    chownSync(home, 65_534, 65_534);
    const { exitCode, stderr } = await cli(['backup', 'create', '--home', home]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining('belongs to uid 65534'),
    });
  });

  test('a second doctor that writes', async () => {
    await using scratch = await makeScratch();
    const home = makeOne(scratch);
    await backUp(home);
    const lock = join(home, 'doctor', 'lock');
    const { stdout } = spawnSync(
      'flock',
      ['-x', lock, process.execPath, join('dist', 'coven-doctor.js'), 'backup', 'create', '--home', home, '--json'],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      refused: expect.stringMatching(/^another coven-doctor works on this home \(pid \d+\); wait until it has ended$/),
    });
    expect(backupsOf(home)).toHaveLength(1);
  });
});

const mounts = spawnSync('unshare', ['-m', 'true']).status === 0;
if (!mounts) console.log('no test of a foreign mount, nor of a folder in memory: this user may not mount');

test.skipIf(!mounts)('another file system in the home is told and not entered', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  mkdirSync(join(home, 'mounted'));
  writeFileSync(join(home, 'file'), '');
  const script =
    'mount -t tmpfs tmpfs "$1/mounted" && touch "$1/mounted/inside" && exec "$2" dist/coven-doctor.js backup create --home "$1"';
  const { status } = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', home, process.execPath]);
  expect(status).toBe(0);
  const [backup] = backupsOf(home);
  expect(
    backup?.state === 'whole' && backup.manifest.entries.filter(({ path }) => /^(mounted|file)/.test(path)),
  ).toEqual([
    expect.objectContaining({ path: 'file', kind: 'file' }),
    expect.objectContaining({ path: 'mounted', kind: 'mount' }),
  ]);
});

test('--backup-dir is private, outside, on a disk, and no symlink', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const folder = join(scratch.path, 'backups');
  const create = async (folder: string): Promise<string> =>
    (await cli(['backup', 'create', '--home', home, '--backup-dir', folder])).stderr;
  expect(await create(folder)).toContain(`${folder} does not exist; make it first: mkdir -m 700 '${folder}'`);
  mkdirSync(folder, { mode: 0o700 });
  chmodSync(folder, 0o770);
  expect(await create(folder)).toContain(`${folder} can be written to by others; chmod 700 it first`);
  chmodSync(folder, 0o755);
  symlinkSync(scratch.path, join(scratch.path, 'around'));
  expect(await create(join(scratch.path, 'around', 'backups'))).toContain('is reached through a symlink');
  expect(await create(join(home, 'mine'))).toContain('does not exist; make it first');
  mkdirSync(join(home, 'mine'), { mode: 0o700 });
  expect(await create(join(home, 'mine'))).toContain('is inside the home');
  if (mounts) {
    const script =
      'mount -t tmpfs -o mode=700 tmpfs "$1" && exec "$2" dist/coven-doctor.js backup create --home "$3" --backup-dir "$1"';
    const args = ['-m', 'sh', '-c', script, 'sh', folder, process.execPath, home];
    expect(spawnSync('unshare', args, { encoding: 'utf8' }).stderr).toContain('is in memory; name a folder on a disk');
  }
  expect(await create(folder)).toBe('');
  const { stdout, exitCode } = await cli(['backup', 'list', '--home', home, '--backup-dir', folder, '--json']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout).backups).toMatchObject([{ state: 'whole', proven: true, sound: true, sessions: 2 }]);
  expect(existsSync(join(home, 'doctor'))).toBe(false);
});
