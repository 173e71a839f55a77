import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli } from '../fixtures/diagnose.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { snapshot } from '../fixtures/snapshot.ts';

const isRoot = process.geteuid?.() === 0;
const nobody = 65_534;
const group = 54_321;
const hasAcls = spawnSync('setfacl', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasAcls) console.warn('default ACLs are not tested: setfacl(1) of the package acl is not there');
if (!isRoot) console.warn('setgid folders and the files of others are not tested: only root can make them');

/** What may make a file that is written there more than its owner's. */
const circumstances: readonly (readonly [name: string, may: boolean, prepare: (folder: string) => void])[] = [
  ['umask 000', true, () => undefined],
  [
    'a setgid folder of another group',
    isRoot,
    (folder) => {
      chownSync(folder, 0, group);
      chmodSync(folder, 0o2755);
    },
  ],
  [
    'a default ACL that gives everything to another user',
    isRoot && hasAcls,
    (folder) => {
      const { status } = spawnSync('setfacl', ['-d', '-m', `u:${nobody}:rwx,g::rwx,o::rwx`, folder]);
      expect(status).toBe(0);
    },
  ],
  [
    'files of another user, with the names that are written',
    isRoot,
    (folder) => {
      for (const name of ['report', 'plan', 'state', 'x.zip']) {
        writeFileSync(join(folder, name), 'theirs', { mode: 0o666 });
        chmodSync(join(folder, name), 0o666);
        chownSync(join(folder, name), nobody, nobody);
      }
    },
  ],
];

/** Every command that writes, and the name of what it writes in a folder outside the home; null for the home itself. */
const commands: readonly (readonly [words: readonly string[], written: string | null])[] = [
  [['--output', 'json=report'], 'report'],
  [['plan', '-o', 'plan'], 'plan'],
  [['preflight', '--save', 'state'], 'state'],
  [['bundle', '-o', 'x.zip', '--force'], 'x.zip'],
  [['backup', 'create', '--backup-dir', '.'], null],
  [['backup', 'create'], null],
  [['--fix', '--yes'], null],
];

describe.each(circumstances)('%s', (name, may, prepare) => {
  test.runIf(may).each(commands)('%j writes for its user alone', async (words, written) => {
    await using scratch = await makeScratch();
    chmodSync(scratch.path, 0o755);
    const home = makeHome(join(scratch.path, 'home'));
    const out = join(scratch.path, 'out');
    mkdirSync(out, { mode: 0o755 });
    prepare(out);
    if (!name.startsWith('files')) prepare(home);
    // An open home is what --fix mends.
    chmodSync(home, (lstatSync(home).mode & 0o7000) | (words[0] === '--fix' ? 0o755 : 0o700));
    const before = new Set([...snapshot(home), ...snapshot(out)].map(nameOf));
    const through = ['/bin/sh', '-c', 'umask 000; exec "$@"', 'sh'];
    const named = words.map((word) => (word === '.' ? out : word));
    const { stderr } = await cli([...named, '--home', home], { cwd: out, through });
    expect(stderr).toBe('');
    const made = [home, out].flatMap((folder) =>
      snapshot(folder)
        .map(nameOf)
        .filter((name) => !before.has(name) || name === `./${written}`)
        .map((name) => join(folder, name)),
    );
    expect(made.length).toBeGreaterThan(0);
    expect(made.filter((path) => !isPrivate(path))).toEqual([]);
    if (written !== null) expect(lstatSync(join(out, written)).gid).toBe(process.getegid?.());
  });
});

const nameOf = (line: string): string => line.slice(0, line.search(/ \d+ \d+:\d+ /));

/** Owner and mode; a copy in a backup has the bytes of what it was made from, in a folder that is private. */
function isPrivate(path: string): boolean {
  const { mode, uid } = lstatSync(path);
  const isClosed = (mode & 0o077) === 0;
  const asNobody = { uid: nobody, gid: nobody };
  const isReadable = isRoot && spawnSync('/bin/sh', ['-c', '[ -r "$0" ]', path], asNobody).status === 0;
  return uid === process.geteuid?.() && isClosed && !isReadable;
}
