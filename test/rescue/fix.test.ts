// `--fix` plans a rescue of a damaged ledger with what it would lose, and carries out the run that `rescue` makes.
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { damageTable, makeHome, overwrite } from '../../fixtures/home.ts';
import { endProcesses } from '../../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';

const rows = Array.from({ length: 30 }, (_, index) => ({ id: `session-${index}`, status: 'completed' }));

/** A home with a page of events that is damaged, and a lock that is open to others. */
function damagedHome(scratch: Scratch): string {
  const home = makeHome(join(scratch.path, 'home'), { rows, events: 300 });
  damageTable(join(home, 'coven.sqlite3'), 'events');
  chmodSync(join(home, 'state.lock'), 0o644);
  scratch.onEnd(() => void endProcesses(home));
  return home;
}

const ledgerOf = (home: string): Buffer => readFileSync(join(home, 'coven.sqlite3'));
const mode = (home: string): number => statSync(join(home, 'state.lock')).mode & 0o777;

interface Told {
  readonly plan: { readonly steps: readonly { kind: string; risk: string; rescue?: Counts }[] };
  readonly fixes: readonly { fix: string; outcome: string; reason?: string }[];
  readonly exitCode: number;
}
interface Counts {
  readonly lost: number;
  readonly tables: readonly { table: string; rescued: number; lost: number }[];
  readonly sessions: readonly { lost: number }[];
}

test('what would be lost is in the plan, and is lost by nobody who has not agreed to it', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const before = ledgerOf(home);
  const { stdout } = await cli(['plan', '--home', home]);
  const [, lost] = /rescued, (\d+) lost; events: \d+ lost; 1 session is not complete: session-0/.exec(stdout) ?? [];
  expect(Number(lost), stdout).toBeGreaterThan(0);
  const refused = await cli(['--fix', '--yes', '--json', '--allow', 'disruptive', '--home', home]);
  const told = JSON.parse(refused.stdout) as Told;
  expect(told.fixes).toMatchObject([
    { fix: 'home:mode entry-open', outcome: 'fixed' },
    { fix: 'store:integrity corrupt', outcome: 'refused', reason: 'risk' },
  ]);
  expect(told.exitCode).toBe(5);
  expect(ledgerOf(home)).toEqual(before);
  const step = told.plan.steps.find(({ kind }) => kind === 'rescue-ledger');
  expect(step).toMatchObject({ risk: 'lossy', rescue: { lost: Number(lost), sessions: [{ lost: Number(lost) }] } });
  const events = step?.rescue?.tables.find(({ table }) => table === 'events');
  expect(events && events.rescued + events.lost).toBe(300);
});

test('carried out, the ledger is whole, the rest is fixed too, and two undos take both back', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const before = ledgerOf(home);
  const { stdout, exitCode } = await cli(['--fix', '--yes', '--allow', 'lossy', '--home', home]);
  expect(exitCode, stdout).toBe(0);
  expect(stdout).toContain('fixed: home:mode entry-open');
  expect(stdout).toContain('fixed: store:integrity corrupt');
  expect((await diagnose(home)).faults).toEqual(['daemon stopped warn']);
  const runs = await cli(['runs', '--home', home]);
  expect(runs.stdout).toMatch(/rescue\n[\s\S]*home:mode entry-open/);
  expect(mode(home)).toBe(0o600);
  for (let round = 0; round < 2; round += 1) expect((await cli(['undo', '--home', home])).exitCode).toBe(0);
  expect([ledgerOf(home), mode(home)]).toEqual([before, 0o644]);
});

test('a saved plan with a rescue is applied where the rescue comes to the same, and refused after a write', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const file = join(scratch.path, 'plan.json');
  await cli(['plan', '--output', file, '--home', home]);
  const apply = () => cli(['apply', file, '--allow', 'lossy', '--yes', '--home', home]);
  const page = 4096;
  const damaged = ledgerOf(home);
  overwrite(join(home, 'coven.sqlite3'), damaged.length - page, page, 0x5a);
  const drifted = await apply();
  expect(drifted.exitCode, drifted.stdout).toBe(5);
  expect(readdirSync(join(home)).includes('doctor')).toBe(false);
  await cli(['plan', '--output', `${file}.2`, '--home', home]);
  const applied = await cli(['apply', `${file}.2`, '--allow', 'lossy', '--yes', '--home', home]);
  expect(applied.stdout + applied.stderr).toContain('fixed: store:integrity corrupt');
});

test('a daemon is started only on a ledger that was rescued', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const words = ['--fix', '--yes', '--start-daemon', '--json', '--home', home];
  const refused = JSON.parse((await cli(words)).stdout) as Told;
  expect(refused.fixes.map(({ fix, reason }) => `${fix} ${reason}`)).toEqual([
    'home:mode entry-open undefined',
    'store:integrity corrupt risk',
    'daemon stopped requires',
  ]);
  const fixed = JSON.parse((await cli([...words, '--allow', 'lossy'])).stdout) as Told;
  expect(fixed.fixes.map(({ fix, outcome }) => `${fix} ${outcome}`)).toEqual([
    'store:integrity corrupt fixed',
    'daemon stopped fixed',
  ]);
  expect((await diagnose(home)).faults).toEqual([]);
});

test('a rescue behind which a daemon was started is undone once that is stopped, and the screen says so', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const { stdout } = await cli(['--fix', '--yes', '--start-daemon', '--allow', 'lossy', '--home', home]);
  const [, ...ways] = stdout.split(/^To undo run /m);
  expect(ways.length).toBeGreaterThan(0);
  for (const way of ways) expect(way).toMatch(/^\S+, stop the daemon first:\n {2}coven-doctor daemon stop /);
});
