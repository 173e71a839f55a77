import { existsSync, linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { startDouble } from '../fixtures/double.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { names } from '../src/coven/layout.ts';

const withProc = test.skipIf(!existsSync('/proc/self/fd'));
const rows = [{ id: 'session-1', status: 'completed' }];

/** A home whose daemon has the ledger open, and another ledger beside it. */
async function makeServed(scratch: Scratch, health: object = {}) {
  const home = makeHome(join(scratch.path, 'home'), { rows, leaveWal: true });
  const other = join(makeHome(join(scratch.path, 'other')), names.ledger);
  const daemon = await startDouble(scratch, home, { open: true, health });
  return { home, other, pid: daemon.pid, at: (name: string) => join(home, name) };
}
type Served = Awaited<ReturnType<typeof makeServed>>;

const parts = [names.ledger, names.wal, names.shm];

const lost: readonly (readonly [what: string, make: (served: Served) => unknown, part: string])[] = [
  ['all of it was deleted', ({ at }) => parts.map((name) => rmSync(at(name))), names.ledger],
  ['the main file was deleted', ({ at }) => rmSync(at(names.ledger)), names.ledger],
  ['the WAL was deleted', ({ at }) => rmSync(at(names.wal)), names.wal],
  ['the shared memory was deleted', ({ at }) => rmSync(at(names.shm)), names.shm],
  ['it was moved aside', ({ at, other }) => renameSync(at(names.ledger), `${other}.aside`), names.ledger],
  ['another one was moved over it', ({ at, other }) => renameSync(other, at(names.ledger)), names.ledger],
];

for (const [what, make, part] of lost)
  withProc(`a ledger that is not the one of its live daemon is a fault: ${what} (needs /proc)`, async () => {
    await using scratch = await makeScratch();
    const served = await makeServed(scratch);
    make(served);
    const { exitCode, causes, document } = await diagnose(served.home);
    expect([exitCode, causes]).toEqual([1, ['store:open detached']]);
    expect(document.checks.find(({ id }) => id === 'store:open')?.message).toContain(part);
  });

withProc('what is at the path of a live daemon under another name, too, is its own ledger (needs /proc)', async () => {
  await using scratch = await makeScratch();
  const { home, at, other } = await makeServed(scratch);
  linkSync(at(names.ledger), `${other}.link`);
  expect((await diagnose(home)).all).toContain('store:open ok pass');
});

withProc('a ledger that was replaced while no daemon ran is the one that it opens (needs /proc)', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows });
  renameSync(join(makeHome(join(scratch.path, 'other')), names.ledger), join(home, names.ledger));
  await startDouble(scratch, home, { open: true });
  expect((await diagnose(home)).faults).toEqual([]);
});

withProc(
  'nobody is told to end a daemon that alone has the rows: they are copied out of it (needs /proc)',
  async () => {
    await using scratch = await makeScratch();
    const { home, at, pid } = await makeServed(scratch, { eventWriter: { state: 'failed' } });
    for (const name of parts) rmSync(at(name));
    const before = (await cli(['--home', home])).stdout;
    const { document } = await diagnose(home);
    const others = document.checks.filter(({ id }) => id !== 'store:open').flatMap(({ commands = [] }) => commands);
    expect(others.filter(({ line }) => /restart|stop|kill|--fix/.test(line))).toEqual([]);
    expect(before).not.toContain('--fix');
    const fixed = await cli(['--home', home, '--fix', '--yes', '--allow', 'disruptive', 'lossy']);
    expect(fixed.stdout).toContain('nothing to do');
    expect(fixed.stdout).not.toContain('coven daemon stop');
    expect(existsSync(`/proc/${pid}`)).toBe(true);

    const [copy] = document.checks.find(({ id }) => id === 'store:open')?.commands ?? [];
    const [program = '', ...words] = copy?.argv ?? [];
    await execa(
      program,
      words.map((word) => word.replaceAll("'<coven-home>'", home)),
    );
    const saved = `${home}.saved-${pid}`;
    const { stdout } = await cli(['rescue', '--from', saved, '--dry-run']);
    expect(stdout).toContain('1 session');
    // It goes on: it was paused for the copy alone.
    expect(readFileSync(`/proc/${pid}/stat`, 'latin1')).not.toContain(') T ');
  },
);

withProc.each(['stop', 'restart'])(
  'daemon %s refuses while the daemon alone has the rows (needs /proc)',
  async (word) => {
    await using scratch = await makeScratch();
    const { home, at, pid } = await makeServed(scratch);
    for (const name of parts) rmSync(at(name));
    const { exitCode, stderr } = await cli(['daemon', word, '--home', home]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('--discard-unsaved')]);
    expect(existsSync(`/proc/${pid}`)).toBe(true);
  },
);
