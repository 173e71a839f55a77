// What a finding says beyond its code: the facts that its words are made of, and the commands that it names.
import { expect, test } from 'vitest';
import { daemonHealth } from '../../checks/daemon-health.ts';
import { daemonLog } from '../../checks/daemon-log.ts';
import { daemonRecord } from '../../checks/daemon-record.ts';
import { daemonVersion } from '../../checks/daemon-version.ts';
import { homeRepairs } from '../../checks/home-repairs.ts';
import { sessionsOrphaned } from '../../checks/sessions-orphaned.ts';
import { sessionsProcesses } from '../../checks/sessions-processes.ts';
import { storeOpen } from '../../checks/store-open.ts';
import { storeSchema } from '../../checks/store-schema.ts';
import {
  ago,
  type Changes,
  changed,
  daemonProcess,
  harnessProcess,
  healthy,
  runningRow,
  said,
  stopped,
  stranger,
} from '../../fixtures/seen.ts';
import { judgeLifecycle } from '../../src/coven/lifecycle.ts';
import type { Check, Facts } from '../../src/model/check.ts';
import type { Observations } from '../../src/model/observation.ts';

/** The first finding of a check. */
function first(check: Check, seen: Changes, base: Observations = healthy) {
  const findings = check.judge(changed(base, seen), new AbortController().signal);
  if (!Array.isArray(findings) || !findings[0]) throw new TypeError(`${check.id} says nothing`);
  return findings[0] as { readonly code: string; readonly facts: Facts; readonly evidence: readonly unknown[] };
}

const hint = (check: Check, code: string, facts: Facts): string => {
  const told = check.causes[code]?.hint;
  return JSON.stringify(typeof told === 'function' ? told(facts) : told);
};

test('of repairs that were cut off, the first whose files were changed since is named', () => {
  const run = (id: string, path: string | null) => ({ id, at: ago(60), changed: path });
  const unfinished = [run('one', null), run('two', 'coven.sqlite3'), run('three', 'daemon.json')];
  const { code, facts } = first(homeRepairs, { 'home.runs': { unfinished: unfinished as never } });
  expect([code, facts.run, facts.changed, facts.count]).toEqual(['changed-since', 'two', 'coven.sqlite3', 3]);
});

test.each([
  [100, 160, 100, 160],
  [159, 160, 159, 160],
  [160, 160, null, null],
  [161, 160, null, null],
])('of a file of %i pages whose header names %i it is said how many are there', (there, named, cutPages, ownPages) => {
  const main = { ...healthy['store.files'].main, size: there * 4096 };
  const header = { ...healthy['store.files'].header, pageSize: 4096, pages: named };
  const { facts } = first(storeOpen, {
    'store.open': { outcome: 'malformed' },
    'store.files': { main, header: header as never },
  });
  expect([facts.cutPages, facts.ownPages]).toEqual([cutPages, ownPages]);
});

test('beside a WAL that holds a byte, a ledger that is gone is not restored before the WAL is safe', () => {
  const isHeld = [0, 1].map((walBytes) => hint(storeOpen, 'missing', { walBytes }).includes('Do not run any coven'));
  expect(isHeld).toEqual([false, true]);
});

test('harnesses are counted as those of a daemon, those of none, and what is left', () => {
  const many = Array.from({ length: 21 }, (_, index) => ({
    ...harnessProcess,
    pid: 5000 + index,
    innerPid: 5000 + index,
    sessionId: `session-${index}`,
    ownerPid: null,
  }));
  const open = many.map(({ sessionId }) => ({ ...runningRow, id: sessionId }));
  const list = [daemonProcess, harnessProcess, ...many];
  const seen: Changes = { processes: { list }, 'store.sessions': { open: [runningRow, ...open] } };
  const { code, facts, evidence } = first(sessionsProcesses, seen);
  expect([code, facts.owned, facts.unowned, facts.left]).toEqual([code, 1, 21, 0]);
  // The count of all, whether it is complete, and three lines of each of twenty.
  expect(evidence.length).toBe(2 + 3 * 20);
});

test.each([
  [daemonProcess.uid, ['skipped hidden']],
  [daemonProcess.uid + 1, ['unknown undetermined']],
])('the program of a daemon of uid %i that hides itself, beside another process', (uid, told) => {
  const process = { ...daemonProcess, home: 'unreadable', uid } as const;
  const seen: Changes = {
    processes: { list: [stranger, process] },
    'daemon.process': { executableGone: null },
    machine: { platform: 'linux', uid: daemonProcess.uid },
  };
  expect(said(daemonVersion, changed(healthy, seen))).toEqual(told);
});

test('rows without a process and rows with one are counted apart', () => {
  const gone = { ...runningRow, id: 'gone' };
  const seen: Changes = {
    processes: { list: [daemonProcess, harnessProcess] },
    'store.sessions': { open: [runningRow, gone], looks: 2 } as never,
  };
  const { facts } = first(sessionsOrphaned, seen);
  expect([facts.orphaned, facts.live, facts.doubtful]).toEqual([1, 1, 0]);
});

test.each([
  [63, ['fail artifact-key-invalid']],
  [64, ['pass ok']],
  [65, ['pass ok']],
])('a key of %i bytes', (size, told) => {
  const key = { ...healthy['home.entries'].list[0], name: 'keys/session-artifacts.key', kind: 'file', size };
  const seen: Changes = { 'home.entries': { list: [key as never] }, 'store.sessions': { artifacts: 1 } as never };
  expect(said(storeSchema, changed(healthy, seen))).toEqual(told);
});

test('of values that Coven cannot read one is told, and how many more there are', () => {
  const value = (rowid: number) => ({ table: 'sessions', column: 'title', type: 'blob', rowid, id: null });
  const impossible = [value(1), value(2), value(3)] as never;
  const { code, facts } = first(storeSchema, { 'store.sessions': { impossible } as never });
  expect([code, facts.more]).toEqual(['impossible-value', 2]);
});

test('of errors of a daemon the worst is told, and the others beside it', () => {
  const error = (text: string) => ({
    ...{ said: text, times: 500, burst: 500, failure: true },
    ...{ firstAt: ago(60), lastAt: ago(0) },
  });
  const { code, facts } = first(daemonLog, { 'daemon.log': { errors: [error('one'), error('two')] } });
  expect([code, facts.said, facts.others]).toEqual(['errors', 'one', 'two (500 times)']);
});

test.each([
  [8, ['fail timeout ! health-failed']],
  [7, ['unknown slow']],
])('an answer without its end, of a daemon that was met at rest %i times while we were kept waiting', (looks, told) => {
  const silence = {
    pid: 4242,
    watchedMs: 11_000,
    looks,
    state: 'S',
    runnable: false,
    cpuMs: 20,
    log: false,
    lateMs: 1000,
  };
  const seen: Changes = { 'daemon.health': { outcome: 'incomplete', body: null, silence } };
  expect(said(daemonHealth, changed(healthy, seen))).toEqual(told);
});

test('a number that no process can have is no record that cannot be read', () => {
  const seen: Changes = { 'daemon.record': { state: 'pid-out-of-range', pid: null } };
  expect(said(daemonRecord, changed(stopped, seen))).toEqual(['fail pid-out-of-range']);
});

test.each(['daemon.lock', 'daemon-serve.lock', 'automations-scheduler.lock'])(
  'while another program holds %s, no start is advised',
  (name) => {
    const held = [{ name, pid: 77, command: 'sleep', watchedMs: 6000 }];
    expect(judgeLifecycle(changed(stopped, { 'home.held': { held } }))?.start).toEqual(['home:locks']);
  },
);

test('a home that cannot be listed is asked nothing', () => {
  expect(said(storeOpen, changed(stopped, { home: { listable: false } }))).toEqual(['skip home-unreadable']);
});
