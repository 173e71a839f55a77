import { expect, test } from 'vitest';
import { checks } from '../../checks/index.ts';
import { checkOf } from '../../fixtures/checks.ts';
import { type Changes, changed, stopped } from '../../fixtures/seen.ts';
import type { Host } from '../../src/host/host.ts';
import type { Check } from '../../src/model/check.ts';
import { say } from '../../src/model/say.ts';
import { restsOnOthers } from '../../src/run/advise.ts';
import { judgeOn } from '../../src/run/judge.ts';
import type { CheckRun } from '../../src/run/runner.ts';

/** Judges checks on a home whose daemon is stopped; tells their hints and what was looked at for that. */
async function judge(asked: readonly Check[], changes: Changes = {}) {
  const seen = changed(stopped, changes);
  const observed = new Set<string>();
  const host: Host = {
    observe: async (key) => {
      observed.add(key);
      return { key, at: '', ms: 1, ok: true, value: seen[key] } as never;
    },
    close: async () => {},
  };
  const hintsOf = ({ check, findings }: CheckRun) => findings.map((finding) => say(check, finding).hint);
  const events: string[] = [];
  const { signal } = new AbortController();
  const onDone = (run: CheckRun): void => void events.push(`${run.check.id}: ${hintsOf(run)}`);
  const runs = await judgeOn(host, asked, { checkMs: 5000, signal, onDone });
  return { hints: runs.map((run) => `${run.check.id}: ${hintsOf(run)}`), events, observed };
}

const ledger = [
  'store.rehearsal',
  'store.open',
  'store.bytes',
  'store.sessions',
  'store.integrity',
  'store.rows',
  'sessions.leases',
];

test('a hint costs no reading of the ledger', async () => {
  const { hints, observed } = await judge([checkOf('home:mode')], { home: { mode: 0o777 } });
  expect(hints).toEqual([expect.stringContaining('chmod')]);
  expect(ledger.filter((key) => observed.has(key))).toEqual([]);
});

test('a start is advised only behind the checks of a ledger that was not read', async () => {
  const { hints, events, observed } = await judge([checkOf('daemon')]);
  expect(ledger.filter((key) => observed.has(key))).toEqual([]);
  expect(hints).toEqual(['daemon: First do what this says: coven-doctor --only store. Then run `coven daemon start`.']);
  expect(events).toEqual(hints);
});

test('where the ledger is read anyway, a hint knows what was found, and so does an event', async () => {
  const { hints, events } = await judge(checks);
  expect(hints).toContain('daemon: `coven run` works without it. To start it: coven daemon start');
  expect(events.toSorted()).toEqual(hints.toSorted());
  const lost = await judge([checkOf('daemon'), checkOf('store:open')], { 'store.open': { outcome: 'malformed' } });
  expect(lost.hints[0]).toBe('daemon: First do what `store:open` says, then run `coven daemon start`.');
});

test.each([
  ['what passes', 'store:wal', {}, false],
  ['modes, which follow from nothing and are set by themselves', 'home:mode', { home: { mode: 0o777 } }, false],
  ['a stopped daemon, whose start others can be in the way of', 'daemon', {}, true],
  [
    'a ledger that is gone, for which another check may have the cause',
    'store:open',
    { 'store.open': { outcome: 'missing' } },
    true,
  ],
  ['a WAL whose hint names who has it open', 'store:wal', { 'store.bytes': { lostFrames: 3 } }, true],
] satisfies readonly (readonly [string, string, Changes, boolean])[])(
  'explain of %s asks other checks only where they count',
  async (_, id, changes, expected) => {
    const check = checkOf(id);
    const findings = await check.judge(changed(stopped, changes), new AbortController().signal);
    expect(findings.some((finding) => restsOnOthers(check, finding))).toBe(expected);
  },
);
