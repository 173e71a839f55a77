import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  statfsSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { pidNamespace, readStat } from '../src/host/procfs.ts';
import { type InMemory, makeScratch as makePrivateScratch } from '../src/host/scratch.ts';

const isRoot = process.geteuid?.() === 0;
const here = pidNamespace();
const nobody = 65_534;
/** Another build can be tried: `test/race` takes the same variable. */
const program =
  process.env.COVEN_DOCTOR_RACE_PROGRAM ?? fileURLToPath(new URL('../dist/coven-doctor.js', import.meta.url));

/** Makes what a killed run leaves: a private folder whose file says that it was made here. */
async function leave(place: string, name: string, marked = true): Promise<string> {
  const path = join(place, name);
  mkdirSync(join(path, '1'), { recursive: true, mode: 0o700 });
  const { dev, ino } = statSync(path, { bigint: true });
  const marker = { madeBy: 'coven-doctor', dev: String(dev), ino: String(ino) };
  if (marked) await writeFile(join(path, '.made-by-coven-doctor'), `${JSON.stringify(marker)}\n`, { mode: 0o600 });
  return path;
}

test('private folders of killed readings are removed, and nothing that is not proven to be one', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const place = join(scratch.path, 'tmp');
  mkdirSync(place, { mode: 0o700 });
  const dead = (last: string) => `.coven-doctor-${here}-4000000-1-${last.repeat(16)}`;
  await leave(place, dead('a'));
  const kept = {
    live: `.coven-doctor-${here}-${process.pid}-${readStat(process.pid)?.startTicks}-${'b'.repeat(16)}`,
    // Of another container: its process cannot be seen from here.
    elsewhere: `.coven-doctor-1-7-1-${'c'.repeat(16)}`,
    unmarked: dead('d'),
    open: dead('e'),
    copied: dead('f'),
    markedByName: dead('0'),
    old: `coven-doctor-${here}-4000000-1-abcdef`,
  };
  await leave(place, kept.live);
  await leave(place, kept.elsewhere);
  await leave(place, kept.unmarked, false);
  chmodSync(await leave(place, kept.open), 0o755);
  const source = await leave(scratch.path, 'source');
  execFileSync('/bin/cp', ['-a', source, join(place, kept.copied)]);
  const linked = await leave(place, kept.markedByName, false);
  symlinkSync(join(source, '.made-by-coven-doctor'), join(linked, '.made-by-coven-doctor'));
  await leave(place, kept.old);
  const forgotten = await leave(place, `.coven-doctor-1-7-1-${'1'.repeat(16)}`);
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  utimesSync(forgotten, twoDaysAgo, twoDaysAgo);
  // A leftover that is a symlink to a folder that would count.
  symlinkSync(source, join(place, dead('2')));
  await diagnose(home, { env: { TMPDIR: place } });
  expect(readdirSync(place).sort()).toEqual([...Object.values(kept), dead('2')].sort());
  expect(readdirSync(source).sort()).toEqual(['.made-by-coven-doctor', '1']);
});

test('what is small is put into memory, where there is room', () => {
  const { bavail, bsize, type } = statfsSync('/dev/shm');
  if (type !== 0x01021994) return console.log('no file system in memory at /dev/shm');
  const free = bavail * bsize;
  for (const [room, place] of [
    [4096, '/dev/shm'],
    [free + 2 ** 40, tmpdir()],
    ['never', tmpdir()],
    ['last', tmpdir()],
  ] as const) {
    const made = makePrivateScratch(null, null, room);
    expect([room, dirname(made.path)]).toEqual([room, place]);
    made.remove();
    expect(existsSync(made.path)).toBe(false);
  }
});

/**
 * What a program in a mount namespace of its own finds, in which `mounts` come before it. This checkout is at /mnt there: where it
 * lies may be hidden by them.
 */
function placesThere(mounts: string, ways: readonly InMemory[]): readonly string[] {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const module = '/mnt/src/host/scratch.ts';
  const tsx = pathToFileURL(join('/mnt', relative(root, fileURLToPath(import.meta.resolve('tsx'))))).href;
  const script = `import { makeScratch } from ${JSON.stringify(module)};
for (const way of ${JSON.stringify(ways)}) {
  try { const made = makeScratch(null, null, way); console.log(made.path.replace(/\\/[^/]*$/, '')); made.remove(); }
  catch (error) { console.log(error.code ?? error.message); }
}`;
  const words = [
    '-m',
    'sh',
    '-c',
    `mount --bind "$0" /mnt; ${mounts}; cd /mnt; exec "$@"`,
    root,
    process.execPath,
    '--import',
    tsx,
    '--input-type=module',
    '-e',
    script,
  ];
  const env = {
    ...process.env,
    TMPDIR: '/dev/null',
    XDG_CACHE_HOME: '/dev/null',
    HOME: '/dev/null',
    TSX_DISABLE_CACHE: '1',
  };
  return execFileSync('unshare', words, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] })
    .trim()
    .split('\n');
}
const small = (place: string, options: string) => `mount -t tmpfs -o mode=700,${options} none ${place}`;

test.runIf(isRoot)('whole ledgers are never written into memory, whatever else there is', () => {
  const mounts = ['/tmp', '/var/tmp', '/dev/shm'].map((place) => small(place, 'size=8m')).join('; ');
  expect(placesThere(mounts, ['last', 'never', 4096])).toEqual(['/tmp', 'no-scratch', '/dev/shm']);
});

test.runIf(isRoot)('a file system whose free inodes do not make a scratch folder is passed over', () => {
  const mounts = `${small('/tmp', 'nr_inodes=20')}; ${small('/var/tmp', 'nr_inodes=200')}`;
  expect(placesThere(mounts, ['last'])).toEqual(['/var/tmp']);
});

test('what a leftover links to is not removed with it', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const place = join(scratch.path, 'tmp');
  const outside = join(scratch.path, 'outside');
  for (const folder of [place, outside]) mkdirSync(folder, { mode: 0o700 });
  await writeFile(join(outside, 'kept'), '');
  const left = await leave(place, `.coven-doctor-${here}-4000000-1-${'a'.repeat(16)}`);
  symlinkSync(outside, join(left, 'link'));
  symlinkSync(join(outside, 'kept'), join(left, '1', 'file'));
  await writeFile(Buffer.concat([Buffer.from(`${left}/`), Buffer.from([0xff, 0xfe])]), '');
  await diagnose(home, { env: { TMPDIR: place } });
  expect([readdirSync(place), readdirSync(outside)]).toEqual([[], ['kept']]);
});

test.runIf(isRoot)(
  'root makes no private folder where another user could move it, and reads the ledger all the same',
  async () => {
    await using scratch = await makeScratch();
    chmodSync(scratch.path, 0o755);
    const place = join(scratch.path, 'tmp');
    mkdirSync(place);
    chownSync(place, nobody, nobody);
    const home = makeHome(join(scratch.path, 'home'));
    const left = await leave(place, `.coven-doctor-${here}-4000000-1-${'a'.repeat(16)}`);
    const before = statSync(place, { bigint: true }).mtimeNs;
    const { all } = await diagnose(home, { env: { TMPDIR: place } });
    expect(all.find((line) => line.startsWith('store:integrity'))).toMatch(/ pass$/);
    expect([existsSync(left), statSync(place, { bigint: true }).mtimeNs]).toEqual([true, before]);
  },
);

/** 0.1.0 took this for a leftover of root's: `stat` follows a link, and what has its name was removed. */
test.runIf(isRoot)(
  'another user’s symlink that is named like a leftover stays, and so does what it points to',
  async () => {
    await using scratch = await makeScratch();
    chmodSync(scratch.path, 0o755);
    const home = makeHome(join(scratch.path, 'home'));
    const place = join(scratch.path, 'tmp');
    mkdirSync(place);
    chmodSync(place, 0o1777);
    // Root's folder elsewhere is one that would count if it lay in the place.
    const theirs = await leave(scratch.path, 'precious');
    await writeFile(join(theirs, 'file'), 'precious');
    const names = [`coven-doctor-${here}-4000000-1-abcdef`, `.coven-doctor-${here}-4000000-1-${'a'.repeat(16)}`];
    for (const name of names) {
      symlinkSync(theirs, join(place, name));
      lchownSync(join(place, name), nobody, nobody);
    }
    const folder = `.coven-doctor-${here}-4000000-1-${'b'.repeat(16)}`;
    for (const path of [join(place, folder), join(place, folder, '1')]) {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, nobody, nobody);
    }
    const args = [program, '--home', home, '--json'];
    execFileSync(process.execPath, args, { env: { PATH: '/usr/bin:/bin', HOME: scratch.path, TMPDIR: place } });
    expect(readdirSync(place).sort()).toEqual([...names, folder].sort());
    expect(readdirSync(theirs).sort()).toEqual(['.made-by-coven-doctor', '1', 'file']);
  },
);
