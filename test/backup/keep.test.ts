import { chmodSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { backUp, backupsOf } from '../../fixtures/backup.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome, overwrite } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { type Listed, listBackups } from '../../src/backup/list.ts';
import { isBelow, type Manifest, parseManifest } from '../../src/backup/manifest.ts';
import { runsOf } from '../../src/backup/place.ts';
import { prove } from '../../src/backup/prove.ts';
import { removable, removeBackup } from '../../src/backup/retention.ts';
import { revalidate } from '../../src/backup/revalidate.ts';
import { names } from '../../src/coven/layout.ts';

// Each backup is proven, with several processes of its own.
vi.setConfig({ testTimeout: 900_000 });

const never = new AbortController().signal;

function makeOne(scratch: Scratch): string {
  const home = makeHome(join(scratch.path, 'home'), {
    rows: [{ id: 's', status: 'running' }],
    events: 300,
    leaveWal: true,
  });
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  writeFileSync(join(home, 'keys', 'one.key'), 'key', { mode: 0o600 });
  return home;
}

test('a bit that flips in any file of a backup is found', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const { path, manifest, id } = await backUp(home);
  for (const file of [names.ledger, names.wal, names.recoveryLog, 'keys/one.key']) {
    const at = join(path, 'files', file);
    const bytes = readFileSync(at);
    const middle = bytes.length >> 1;
    overwrite(at, middle, 1, (bytes[middle] ?? 0) ^ 1);
    expect(await prove(path, manifest, never)).toEqual({
      proven: false,
      why: `${file}: its bytes are not those that were copied`,
    });
    overwrite(at, middle, 1, bytes[middle]);
  }
  expect(await prove(path, manifest, never)).toMatchObject({ proven: true });
  renameSync(join(path, 'files', 'keys', 'one.key'), join(path, 'files', 'gone'));
  const { exitCode, stdout } = await cli(['backup', 'verify', id, '--home', home]);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 1,
    stdout: expect.stringMatching(new RegExp(`^${id}  NOT PROVEN: .*keys/one.key is missing`)),
  });
  const restored = await cli(['backup', 'restore', id, '--home', home, '--allow', 'lossy', '--yes']);
  expect(restored).toMatchObject({ exitCode: 5, stdout: '', stderr: expect.stringContaining('is not proven') });
});

test('what changes in the home after it was copied is found by its names, without opening a file', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const { manifest } = await backUp(home);
  expect(revalidate(manifest, home)).toBeNull();
  writeFileSync(join(home, names.recoveryLog), 'more\n', { flag: 'a' });
  expect(revalidate(manifest, home)).toEqual({ changed: [], grown: [names.recoveryLog], added: [], removed: [] });
  writeFileSync(join(home, 'keys', 'one.key'), 'yek');
  chmodSync(join(home, names.stateLock), 0o640);
  renameSync(join(home, names.serveLock), join(home, 'moved'));
  overwrite(join(home, names.wal), 100, 1, 1);
  expect(revalidate(manifest, home)).toEqual({
    changed: [names.ledger, 'keys/one.key', names.stateLock].sort(),
    grown: [names.recoveryLog],
    added: ['moved'],
    removed: [names.serveLock],
  });
});

test('only what is ours and as we made it is used', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const { id, path } = await backUp(home);
  const run = join(path, '..');
  const state = (): readonly unknown[] =>
    backupsOf(home).map((backup) => [backup.state, ...(backup.state === 'refused' ? [backup.why] : [])]);
  expect(state()).toEqual([['whole']]);
  chmodSync(path, 0o750);
  expect(state()).toEqual([['refused', 'is open to others']]);
  chmodSync(path, 0o700);
  const manifest = join(path, 'manifest.json');
  chmodSync(manifest, 0o644);
  expect(state()).toEqual([['refused', 'manifest.json: it is not a private file of this user']]);
  chmodSync(manifest, 0o600);
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.slice(0, -100));
  expect(state()).toEqual([['refused', expect.stringMatching(/^manifest.json: it is not JSON/)]]);
  writeFileSync(manifest, text.replaceAll('keys/one.key', '../one.key'));
  expect(state()).toEqual([['refused', 'manifest.json: it names "../one.key", which is not below a home']]);
  writeFileSync(manifest, text.replace(id, '20200101T000000Z-000000'));
  expect(state()).toEqual([['refused', 'its manifest is that of 20200101T000000Z-000000']]);
  renameSync(manifest, join(path, 'elsewhere'));
  symlinkSync('elsewhere', manifest);
  expect(state()).toEqual([['refused', 'manifest.json: ELOOP']]);
  renameSync(path, join(run, 'backup.partial'));
  expect(state()).toEqual([['interrupted']]);
  symlinkSync('backup.partial', path);
  expect(state()).toEqual([['refused', 'is not a folder'], ['interrupted']]);
});

test('a manifest leads out of no home, and through no symlink', () => {
  expect(['a', 'a/b', '.', '..a'].map(isBelow)).toEqual([true, true, true, true]);
  expect(['', '/a', 'a/../b', '..', 'a//b', './a', 'a/', 'a\0'].map(isBelow)).toEqual(Array(8).fill(false));
  const attributes = { mode: 0o700, uid: 0, gid: 0, mtimeNs: '0', dev: '1', ino: '1' };
  const root = { kind: 'directory', path: '.', ...attributes };
  const file = { kind: 'file', size: 0, sha256: '', sparse: false, ...attributes };
  const why = (...entries: readonly object[]): unknown => {
    const rest = { tool: { name: 'x', version: '1' }, id: 'x', madeAt: 'x', home: { dev: '1', ino: '1' }, bytes: 0 };
    return parseManifest(JSON.stringify({ schemaVersion: 1, ...rest, entries, ledgers: [] }));
  };
  expect(why(root, { ...file, path: 'a' })).toMatchObject({ id: 'x' });
  expect(
    why(root, { kind: 'symlink', path: 'a', target: '/etc', ...attributes }, { ...file, path: 'a/passwd' }),
  ).toEqual({
    why: 'a/passwd: it is in no folder of the backup',
  });
  expect(why(root, { ...file, path: 'a' }, { ...file, path: 'a' })).toEqual({ why: 'a is named twice' });
  expect(why({ ...file, path: 'a' })).toEqual({ why: 'a: it is in no folder of the backup' });
  expect(why(root, { kind: 'hard-link', path: 'a', to: '../b', ...attributes })).toEqual({
    why: 'a: what it is a name of is missing',
  });
  expect(why()).toEqual({ why: 'it does not name the home' });
  expect(parseManifest('null')).toEqual({ why: 'it is not of schema version 1' });
});

test('of manifests that are too large together the newest are read, and any of them that is named', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const ids = [(await backUp(home)).id, (await backUp(home)).id];
  const [older = '', newer = ''] = ids;
  for (const id of ids) {
    const file = join(runsOf(home), id, 'backup', 'manifest.json');
    writeFileSync(file, readFileSync(file, 'utf8') + ' '.repeat(40 * 1024 ** 2));
  }
  expect(listBackups([runsOf(home)]).map(({ id, state }) => [id, state])).toEqual([
    [older, 'refused'],
    [newer, 'whole'],
  ]);
  expect(listBackups([runsOf(home)], older)).toMatchObject([{ id: older, state: 'whole' }]);
  const { stdout } = await cli(['backup', 'list', '--home', home]);
  const [, words = ''] = /`coven-doctor (backup verify [^`]+)`/.exec(stdout) ?? [];
  expect(await cli([...words.split(' '), '--home', home])).toMatchObject({ exitCode: 0, stderr: '' });
  writeFileSync(join(runsOf(home), newer, 'backup', 'manifest.json'), ' '.repeat(65 * 1024 ** 2));
  expect(listBackups([runsOf(home)], newer)).toMatchObject([
    { state: 'refused', why: 'manifest.json: it is larger than 64 MiB' },
  ]);
});

/** As `list` tells it: a day, whether its ledger is sound, and its sessions. */
function whole(day: number, sound: boolean, sessions: number): Listed {
  const id = `202611${String(day).padStart(2, '0')}T000000Z-000000`;
  const tables = [{ name: 'sessions', rows: sessions, problem: null }];
  const content = { problem: null, tables, sessions: '', events: null };
  const ledgers: Manifest['ledgers'] = [{ path: names.ledger, way: 'raw', stood: [], content, sound }];
  const home = { dev: '1', ino: '1' };
  const tool = { name: 'x', version: '1' };
  const manifest: Manifest = { schemaVersion: 1, tool, id, madeAt: '', home, bytes: 100, entries: [], ledgers };
  return { state: 'whole', id, path: '', manifest };
}

test('what may go is never the newest sound one, the one with the most rows, or one that a run needs', () => {
  const backups = [
    whole(1, true, 9),
    whole(2, true, 1),
    whole(3, true, 2),
    whole(4, true, 3),
    whole(5, false, 0),
    whole(6, false, 0),
  ];
  const days = (keep: { count: number; bytes: number }, needed: readonly string[] = []): readonly string[] =>
    removable(backups, keep, new Set(needed)).map((id) => id.slice(6, 8));
  const all = { count: 9, bytes: 1e9 };
  expect(days(all)).toEqual([]);
  expect(days({ ...all, count: 3 })).toEqual(['02', '03']);
  expect(days({ ...all, bytes: 350 })).toEqual(['02', '03']);
  expect(days({ count: 0, bytes: 0 })).toEqual(['02', '03', '05', '06']);
  expect(days({ count: 0, bytes: 0 }, [backups[1]?.id ?? ''])).toEqual(['03', '05', '06']);
});

test('a backup that is removed is gone, and so is one that was cut off', async () => {
  await using scratch = await makeScratch();
  const home = makeOne(scratch);
  const { path } = await backUp(home);
  const kept = await backUp(home);
  mkdirSync(join(runsOf(home), '20261101T000000Z-abcdef', 'backup.partial'), { recursive: true, mode: 0o700 });
  expect(backupsOf(home).map(({ state }) => state)).toEqual(['interrupted', 'whole', 'whole']);
  removeBackup(path);
  removeBackup(join(runsOf(home), '20261101T000000Z-abcdef', 'backup.partial'));
  expect(backupsOf(home).map(({ id }) => id)).toEqual([kept.id]);
});
