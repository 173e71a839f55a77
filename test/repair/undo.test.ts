import { appendFileSync, chmodSync, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHome, makeLedger } from '../../fixtures/home.ts';
import { brokenFixes, makeBroken, planBroken } from '../../fixtures/repair/broken.ts';
import { holdLock } from '../../fixtures/repair/held.ts';
import { planOf, setAside, willing } from '../../fixtures/repair/plan.ts';
import { linesOf } from '../../fixtures/repair/state.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { names } from '../../src/coven/layout.ts';
import { applyPlan } from '../../src/repair/engine/apply.ts';
import { listRuns } from '../../src/repair/engine/runs.ts';
import { type Undone, undoRun } from '../../src/repair/engine/undo.ts';

const modeOf = (home: string, name: string): number => statSync(join(home, name)).mode & 0o777;

const undo = (home: string, run?: string): Promise<Undone> =>
  undoRun({ home, run, signal: new AbortController().signal });

/** A broken home, repaired; its lines before and after, and the run that did it. */
async function makeRepaired({ path }: Scratch) {
  const home = await makeBroken(join(path, 'home'));
  const before = linesOf(home);
  const { exit, runId } = await applyPlan(planBroken(home), willing(home));
  expect(exit).toBe(0);
  return { home, before, after: linesOf(home), run: runId ?? '' };
}

test('undo brings everything back, byte for byte, mode for mode, owner for owner', async () => {
  await using scratch = await makeScratch('memory');
  const { home, before, after, run } = await makeRepaired(scratch);
  expect(after).not.toEqual(before);
  const { outcome, undoes, reasons, left, exit } = await undo(home);
  expect({ outcome, undoes, reasons, left, exit }).toEqual({
    outcome: 'undone',
    undoes: run,
    reasons: [],
    left: [],
    exit: 0,
  });
  expect(linesOf(home)).toEqual(before);
});

test('an undo can be undone, and that as well; each run says what became of it', async () => {
  await using scratch = await makeScratch('memory');
  const { home, before, after, run } = await makeRepaired(scratch);
  const first = await undo(home);
  const second = await undo(home, first.runId ?? '');
  expect(linesOf(home)).toEqual(after);
  const third = await undo(home);
  expect([third.undoes, linesOf(home)]).toEqual([second.runId, before]);
  expect(listRuns(home).map(({ id, undoes, undoneBy }) => [id, undoes, undoneBy])).toEqual([
    [third.runId, second.runId, null],
    [second.runId, first.runId, third.runId],
    [first.runId, run, null],
    [run, null, first.runId],
  ]);
  const none = await undo(home);
  expect([none.exit, none.reasons]).toEqual([
    5,
    [{ code: 'all-undone', facts: { run: second.runId, by: third.runId } }],
  ]);
  expect((await undo(home, run)).reasons).toEqual([{ code: 'already-undone', facts: { run, by: first.runId } }]);
  const unknown = '20200101T000000Z-000000';
  expect((await undo(home, unknown)).reasons).toEqual([{ code: 'no-such-run', facts: { run: unknown } }]);
});

test('undo refuses what changed since, and names all of it', async () => {
  await using scratch = await makeScratch('memory');
  const { home, run } = await makeRepaired(scratch);
  writeFileSync(join(home, 'daemon.json'), '{"pid":1}', { mode: 0o600 });
  chmodSync(join(home, 'repos.toml'), 0o640);
  const pipe = Object.values(brokenFixes).flat().indexOf('pipe') + 1;
  chmodSync(join(home, 'doctor', 'runs', run, 'quarantine', `${pipe}-pipe`), 0o644);
  const changed = linesOf(home);
  const { exit, outcome, reasons, runId } = await undo(home);
  expect([exit, outcome, runId]).toEqual([5, 'refused', null]);
  expect(reasons.map(({ code, facts }) => [code, facts.path, facts.fields])).toEqual([
    ['drift', `doctor/runs/${run}/quarantine/${pipe}-pipe`, 'mode'],
    ['drift', 'daemon.json', 'taken'],
    ['drift', 'repos.toml', 'mode'],
  ]);
  expect(linesOf(home)).toEqual(changed);
});

test('what a file holds may change after its mode was set', async () => {
  await using scratch = await makeScratch('memory');
  const home = await makeBroken(join(scratch.path, 'home'));
  await applyPlan(planBroken(home, ['home:mode entry-open']), willing(home));
  appendFileSync(join(home, 'repos.toml'), '# more\n');
  expect((await undo(home)).outcome).toBe('undone');
});

test('with a lock held, undo is refused, and everything stays as the run left it', async () => {
  await using scratch = await makeScratch('memory');
  const { home, after } = await makeRepaired(scratch);
  holdLock(scratch, home, 'state.lock', 'shared');
  const { exit, outcome, reasons } = await undo(home);
  expect([exit, outcome, reasons]).toEqual([
    5,
    'refused',
    [{ code: 'lock-held', facts: { lock: 'state.lock', pid: process.pid } }],
  ]);
  expect(linesOf(home)).toEqual(after);
});

test('runs are undone newest first, each by its own steps alone', async () => {
  await using scratch = await makeScratch('memory');
  const home = await makeBroken(join(scratch.path, 'home'));
  const before = linesOf(home);
  const one = await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home));
  const two = await applyPlan(planOf(home, [setAside(home, 'pipe')]), willing(home));
  expect((await undo(home)).undoes).toBe(two.runId);
  expect([existsSync(join(home, 'pipe')), existsSync(join(home, 'daemon.json'))]).toEqual([true, false]);
  expect((await undo(home)).undoes).toBe(one.runId);
  expect(linesOf(home)).toEqual(before);
});

test('a quarantine that was emptied by hand cannot be undone', async () => {
  await using scratch = await makeScratch('memory');
  const home = await makeBroken(join(scratch.path, 'home'));
  const { runId } = await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home));
  const item = `doctor/runs/${runId}/quarantine/1-daemon.json`;
  rmSync(join(home, item));
  const { reasons } = await undo(home);
  expect(reasons).toEqual([{ code: 'drift', facts: { path: item, fields: 'absent' } }]);
});
test('a WAL is not put back beside a ledger that was made or written to since', async () => {
  await using scratch = await makeScratch('memory');
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'old', status: 'completed' }], leaveWal: true });
  rmSync(join(home, names.ledger));
  const parts = [setAside(home, names.wal, 'store:wal alone'), setAside(home, names.shm, 'store:wal alone')];
  expect((await applyPlan(planOf(home, parts), willing(home))).exit).toBe(0);
  makeLedger(join(home, names.ledger), { rows: [{ id: 'newer', status: 'completed' }] });
  const before = linesOf(home);
  const { exit, reasons } = await undo(home);
  expect([exit, reasons.map(({ code, facts }) => [code, facts.path])]).toEqual([
    5,
    [
      ['ledger-changed', names.shm],
      ['ledger-changed', names.wal],
    ],
  ]);
  expect(linesOf(home)).toEqual(before);
});

test('a WAL whose main file came back after the plan was made stays beside it', async () => {
  await using scratch = await makeScratch('memory');
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'old', status: 'completed' }], leaveWal: true });
  const ledger = join(home, names.ledger);
  renameSync(ledger, join(scratch.path, 'away'));
  const plan = planOf(home, [setAside(home, names.wal), setAside(home, names.shm)]);
  renameSync(join(scratch.path, 'away'), ledger);
  const before = linesOf(home);
  const { exit, fixes } = await applyPlan(plan, willing(home));
  expect([exit, fixes.map(({ reason }) => reason?.code)]).toEqual([5, ['ledger-changed', 'ledger-changed']]);
  expect(linesOf(home)).toEqual(before);
});

test('what somebody else put right meanwhile is left out of an undo, and of what takes that back', async () => {
  await using scratch = await makeScratch('memory');
  const { home, before } = await makeRepaired(scratch);
  const first = await undo(home);
  expect(linesOf(home)).toEqual(before);
  // As Coven does at its next start.
  rmSync(join(home, 'daemon.json'));
  chmodSync(join(home, 'repos.toml'), 0o600);
  const redone = await undo(home, first.runId ?? '');
  expect([redone.outcome, redone.reasons]).toEqual(['undone', []]);
  const back = await undo(home, redone.runId ?? '');
  expect([back.outcome, back.reasons]).toEqual(['undone', []]);
  const notBack = ['daemon.json', 'repos.toml'].map((name) =>
    existsSync(join(home, name)) ? modeOf(home, name) : null,
  );
  expect(notBack).toEqual([null, 0o600]);
});

test('an undo of which everything is so already says that', async () => {
  await using scratch = await makeScratch('memory');
  const home = await makeBroken(join(scratch.path, 'home'));
  await applyPlan(planBroken(home, ['home:mode entry-open']), willing(home));
  chmodSync(join(home, 'keys'), 0o755);
  chmodSync(join(home, 'repos.toml'), 0o644);
  const { exit, reasons } = await undo(home);
  expect([exit, reasons.map(({ code }) => code)]).toEqual([5, ['already-so']]);
});
