// What a hint advises, by the facts of its finding.
import { expect, test } from 'vitest';
import { daemon } from '../../checks/daemon.ts';
import { daemonLog } from '../../checks/daemon-log.ts';
import { harnessChecks } from '../../checks/harnesses.ts';
import { sessionsChurn } from '../../checks/sessions-churn.ts';
import { storeIndex } from '../../checks/store-index.ts';
import { storeOpen } from '../../checks/store-open.ts';
import { storeRehearsal } from '../../checks/store-rehearsal.ts';
import { storeSchema } from '../../checks/store-schema.ts';
import { type Advice, shellLine } from '../../src/model/advice.ts';
import type { Check, Facts } from '../../src/model/check.ts';

/** The lines of a hint: sentences, and commands as a shell takes them. */
function hint(check: Check | undefined, code: string, facts: Facts): readonly string[] {
  const told = check?.causes[code]?.hint;
  const advice: Advice | string | undefined = typeof told === 'function' ? told(facts) : told;
  return (typeof advice === 'string' ? [advice] : (advice ?? [])).map((part) =>
    typeof part === 'string' ? part : `$ ${shellLine(part)}`,
  );
}
const message = (check: Check, code: string, facts: Facts): string => {
  const told = check.causes[code]?.message;
  return typeof told === 'function' ? told(facts) : String(told);
};

test.each([
  ['/sys/fs/cgroup/system.slice/coven.service/cgroup.freeze', '$ systemctl thaw coven.service'],
  ['/sys/fs/cgroup/docker/ab/cgroup.freeze', `$ sh -c 'echo 0 > "$0"' /sys/fs/cgroup/docker/ab/cgroup.freeze`],
  [
    '/sys/fs/cgroup/freezer/docker/ab/freezer.state',
    `$ sh -c 'echo THAWED > "$0"' /sys/fs/cgroup/freezer/docker/ab/freezer.state`,
  ],
])('a daemon that is frozen by %s is thawed by it', (frozenBy, line) => {
  expect(hint(daemon, 'hung', { frozenBy }).at(-1)).toBe(line);
});

test('a relay is told only where the daemon answers and another process listens', () => {
  const isRelay = (pid: number | null, healthPid: number | null, listenerPid: number | null): boolean =>
    message(daemon, 'foreign', { pid, healthPid, listenerPid, disagrees: '' }).includes('passes its answers on');
  expect([isRelay(1, 1, 2), isRelay(1, 1, 1), isRelay(null, 1, 2), isRelay(1, null, 2), isRelay(1, 1, null)]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('a daemon is run by hand only where none runs and nothing is in the way of a start', () => {
  const isByHand = (facts: Facts): boolean =>
    hint(daemonLog, 'start-incomplete', facts).includes('$ coven daemon serve');
  expect([
    isByHand({}),
    isByHand({ daemonVerdict: 'stale' }),
    isByHand({ daemonVerdict: 'running' }),
    isByHand({ daemonVerdict: 'stopped', startBlockedBy: 'home:disk' }),
  ]).toEqual([true, true, false, false]);
});

test('a harness that is to be installed is followed by a start with it on PATH', () => {
  const [codex] = harnessChecks;
  expect(hint(codex, 'absent', { wanted: 1, daemonVerdict: 'running' })).toEqual([
    'Install codex.',
    'Then, with it on PATH:',
    '$ coven daemon restart',
  ]);
  expect(hint(codex, 'absent', { wanted: 1, daemonVerdict: 'stopped', startBlockedBy: 'home:disk' })).toEqual([
    'Install codex.',
    'First do what `home:disk` says, then run `coven daemon start`.',
  ]);
  expect(hint(codex, 'absent', { wanted: 0 })).toEqual([]);
});

test('the newest session that failed is shown, where one is known, and how to send the events of one', () => {
  const lines = (newest: string | null) => hint(sessionsChurn, 'churn', { newest }).slice(1);
  const send = [
    '`coven-doctor bundle --include-events ID` adds the events of one of them to a bundle.',
    'This lists them with their ids:',
    '$ coven-doctor sessions',
  ];
  expect(lines(null)).toEqual(send);
  expect(lines('a')).toEqual([...send, 'This shows the output of the newest one:', '$ coven-doctor sessions show a']);
});

test.each([
  [{ agrees: false, differing: 1 }, false],
  [{ agrees: false, differing: null }, false],
  [{ agrees: false, differing: 0 }, true],
  [{ agrees: true, differing: 1 }, true],
  [{ agrees: null, differing: null }, true],
])('a full-text index is built again where it cannot know better than the events: %j', (facts, isBuilt) => {
  expect(hint(storeIndex, 'search-index', facts).includes('$ coven vacuum')).toBe(isBuilt);
});

test('a ledger that Coven opens and cannot list is not said to refuse a start', () => {
  const isStart = (said: string): boolean =>
    hint(storeRehearsal, 'refused', { said }).join().includes('a start opens it the same way');
  expect([isStart('failed to open the ledger'), isStart('failed to read sessions: no such column')]).toEqual([
    true,
    false,
  ]);
});

test('a value that Coven cannot read is given up where it is known what stands for none', () => {
  const given = (column: string) => hint(storeSchema, 'impossible-value', { column, rowid: 3 }).join('\n');
  expect(given('id').includes('no known value stands for a lost one')).toBe(true);
  expect([given('id'), given('title')].map((lines) => lines.includes('UPDATE sessions SET'))).toEqual([false, true]);
});

test.each(['not-a-database', 'malformed'])(
  'a ledger that is %s is kept from the next command, with a WAL beside it and without',
  (code) => {
    const [first] = hint(storeOpen, code, { walBytes: 4152 });
    expect(first).toBe('Do not run any coven command: it would write the WAL into the damaged file, and delete it.');
    const [alone, ...rest] = hint(storeOpen, code, { walBytes: 0 });
    expect(alone).toBe('Do not run any coven command: opening the ledger can make it worse.');
    expect(rest).toEqual(hint(storeOpen, code, { walBytes: 4152 }).slice(1));
  },
);
