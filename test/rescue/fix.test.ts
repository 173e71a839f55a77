// `--fix` plans a rescue of a damaged ledger with what it would lose, and carries out the run that `rescue` makes.
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  // As `rescue` itself ends where rows were lost.
  expect(exitCode, stdout).toBe(1);
  expect(stdout).toContain('fixed: home:mode entry-open');
  expect(stdout).toContain('fixed: store:integrity corrupt');
  expect(stdout).toMatch(/The ledger in place is a rescued one: \d+ rows came back, and \d+ rows were lost\./);
  expect((await diagnose(home)).faults).toEqual(['home:repairs rescue-lost-rows warn', 'daemon stopped warn']);
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
  expect((await diagnose(home)).faults).toEqual(['home:repairs rescue-lost-rows warn']);
});

test('what a rescue lost is told by every later command, until it is undone', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const about = ['--home', home];
  const rescued = await cli(['rescue', '--yes', ...about]);
  expect(rescued.exitCode, rescued.stdout).toBe(1);
  const [, run = ''] = /coven-doctor undo (\S+)/.exec(rescued.stdout) ?? [];
  const [, lost] = /(\d+) rows lost: what is left/.exec(rescued.stdout) ?? [];
  const words = `rows came back, and ${lost} rows were lost`;
  // What is next, what would take it back, and until when.
  expect(rescued.stdout).toContain('Check the home, then start the daemon:');
  expect(rescued.stdout).toContain('before a daemon is started or a session runs (an undo is refused after that)');
  const seen = await cli([...about, '--only', 'home:repairs']);
  expect(seen.exitCode).toBe(0);
  expect(seen.stdout.replace(/\s+/g, ' ')).toContain(words);
  expect(seen.stdout).toContain(run);
  const runs = await cli(['runs', ...about]);
  expect(runs.stdout).toMatch(
    /rescue\n {4}\d+ rows came back, and \d+ rows were lost\n {4}sessions that are not complete, or may not be: session-0\n/,
  );
  const told = JSON.parse((await cli(['runs', '--json', ...about])).stdout) as {
    runs: { rescue?: { lost: number } }[];
  };
  expect(told.runs.map(({ rescue }) => rescue?.lost)).toEqual([Number(lost)]);
  const file = join(scratch.path, 'case.zip');
  await cli(['bundle', '-o', file, ...about]);
  const analyzed = await cli(['analyze', file]);
  expect(analyzed.stdout.replace(/\s+/g, ' ')).toContain(words);
  expect((await cli(['undo', ...about])).exitCode).toBe(0);
  const undone = await cli([...about, '--only', 'home:repairs', '--verbose']);
  expect(undone.stdout).toContain('No repair was cut off (home:repairs)');
});

test.each([
  ['no account', (path: string) => rmSync(path)],
  ['an account that others can write', (path: string) => chmodSync(path, 0o666)],
  ['an account of no sense', (path: string) => writeFileSync(path, '{"rescued":-1}')],
])('a rescue with %s is told all the same', async (_, change) => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  await cli(['rescue', '--yes', '--home', home]);
  const [run = ''] = readdirSync(join(home, 'doctor', 'runs'));
  change(join(home, 'doctor', 'runs', run, 'rescue-report.json'));
  const { stdout } = await cli(['--home', home, '--only', 'home:repairs']);
  expect(stdout.replace(/\s+/g, ' ')).toContain('what was lost is not known, since its account is missing');
});

test('a rescue behind which a daemon was started is undone once that is stopped, and the screen says so', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(scratch);
  const { stdout } = await cli(['--fix', '--yes', '--start-daemon', '--allow', 'lossy', '--home', home]);
  const [, ...ways] = stdout.split(/^To undo run /m);
  expect(ways.length).toBeGreaterThan(0);
  for (const way of ways) expect(way).toMatch(/^\S+, stop the daemon first:\n {2}coven-doctor daemon stop /);
  expect(stdout).toContain('The daemon that was started may have written to the new ledger.');
});
