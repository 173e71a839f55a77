import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { faults, whyNot } from '../fixtures/faults/index.ts';
import { reported } from '../fixtures/faults/reported.ts';
import { namedInVain } from '../fixtures/named-checks.ts';
import { exitCodeOf, stageFault } from '../fixtures/staged.ts';

for (const fault of faults) {
  const why = whyNot(fault);
  if (why !== null) console.log(`no test of ${fault.name}: ${why}`);
  test.skipIf(why !== null)(`${fault.name}: ${fault.what}`, async () => {
    await using staged = await stageFault(fault);
    const found = await diagnose(staged.home, staged.circumstances);
    expect(found.faults).toEqual(fault.expect);
    expect(found.exitCode).toBe(exitCodeOf(fault.expect));
    expect(JSON.stringify(found.document)).not.toContain(staged.home);
    expect(namedInVain(found.document)).toEqual([]);
    expect(found.causes.filter((cause) => cause === fault.cause || !beside.includes(cause))).toHaveLength(1);
  });
}

test('every fault has a name and a sentence of its own', () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  expect(new Set(faults.map(({ what }) => what)).size).toBe(faults.length);
  expect(faults.filter(({ what }) => !/^\S.*\S\.$/.test(what) || what.includes('. ')).map(({ name }) => name)).toEqual(
    [],
  );
});

test('each of the 42 reported failures has a fault, or a line that says why not', () => {
  const numbers = Array.from({ length: 42 }, (_, index) => index + 1);
  expect(Object.keys(reported).map(Number)).toEqual(numbers);
  const shown = new Set(faults.flatMap(({ reports = [] }) => reports));
  expect([...shown].filter((number) => !numbers.includes(number))).toEqual([]);
  const missing = numbers.filter((number) => (reported[number]?.without === undefined) !== shown.has(number));
  expect(missing).toEqual([]);
});

/** What is found of a sound home in the same place, too. */
const beside = ['daemon stopped', 'home:filesystem volatile'];

/** The causes of the catalogue, by check. They are contract: never renamed. */
const causes: Readonly<Record<string, readonly string[]>> = {
  'home:path': [
    'not-a-directory',
    'symlink',
    'not-utf8',
    'socket-path-too-long',
    'cannot-create',
    'not-expanded',
    'stray-characters',
  ],
  'home:owner': ['foreign-owner', 'foreign-entries', 'elevated'],
  'home:mode': ['writable-by-others', 'readable-by-others', 'not-writable', 'entry-open'],
  'home:access': [
    ...['not-writable', 'immutable', 'read-only-mount', 'few-descriptors', 'small-files'],
    ...['few-tasks', 'no-terminals', 'no-null'],
  ],
  'home:filesystem': ['read-only', 'network', 'unsuited', 'synced', 'volatile'],
  'home:disk': ['full', 'low', 'inodes-full', 'inodes-low', 'no-room-for-backup'],
  'home:config': [
    'unparsable',
    'settings-ignored',
    'blocks',
    'pattern-ignored',
    'hides-all',
    'unknown-key',
    'zero-days',
    'repo-gone',
    'gateway-refused',
    'adapter-ignored',
    'refused',
  ],
  'home:reset': ['interrupted'],
  'home:repairs': ['unfinished', 'changed-since', 'not-private'],
  'home:locks': ['not-regular', 'linked', 'held', 'same-file', 'stopped-holder', 'lost'],
  daemon: ['stopped', 'stale', 'hung', 'slow', 'unreachable', 'elsewhere', 'duplicate', 'foreign', 'other-namespace'],
  'daemon:socket': [
    'stale',
    'not-a-socket',
    'foreign-owner',
    'open-mode',
    'foreign-listener',
    'hung',
    'slow',
    'unlinked',
    'wrong-type',
  ],
  'daemon:record': [
    'unreadable',
    'invalid',
    'dead-pid',
    'zombie-pid',
    'reused-pid',
    'foreign-socket',
    'pid-out-of-range',
  ],
  'daemon:duplicates': ['second-daemon', 'shared-ledger', 'moved-away'],
  'daemon:health': [
    'timeout',
    'invalid-response',
    'error-response',
    'storage-critical',
    'storage-degraded',
    'storage-warning',
    'writer-failed',
    'writer-pressured',
  ],
  'daemon:contract': ['unsupported', 'missing'],
  'daemon:capabilities': ['missing', 'unanswered'],
  'daemon:version': ['skew', 'replaced-executable'],
  'daemon:log': ['crash-loop', 'panic', 'errors', 'flood', 'start-incomplete', 'not-written'],
  'daemon:resources': ['descriptors', 'connections', 'small-files', 'tasks'],
  'daemon:context': [
    'ignores-children',
    'no-terminals',
    'no-git',
    'git-variables',
    'other-home',
    'home-missing',
    'no-network',
    'no-manifest',
    'umask',
    'short-retention',
  ],
  'store:open': [
    'missing',
    'empty',
    'not-a-file',
    'not-a-database',
    'malformed',
    'unreadable',
    'busy',
    'parts-not-files',
    'hot-journal',
    'detached',
  ],
  'store:integrity': ['corrupt'],
  'store:index': ['index-mismatch', 'search-index'],
  'store:wal': ['large', 'torn', 'foreign', 'alone', 'cut'],
  'store:schema': [
    'missing-tables',
    'missing-columns',
    'impossible-value',
    'artifact-key-missing',
    'artifact-key-replaced',
    'artifact-key-invalid',
  ],
  'store:content': ['sequence-at-end', 'unknown-status', 'lost-session', 'event-too-large'],
  'store:rehearsal': ['refused', 'crashed', 'unwritable', 'search-lost', 'mute'],
  'sessions:orphaned': ['orphaned', 'run-marked', 'external-silent'],
  'sessions:stranded': ['stranded', 'undated', 'ahead', 'behind', 'all-by-age'],
  'sessions:processes': ['unowned', 'folder-gone'],
  'sessions:churn': ['churn', 'in-a-row'],
  'sessions:automations': [
    ...['altered', 'no-schedule', 'invalid', 'no-folder', 'no-harness', 'no-familiar', 'quarantined', 'failing'],
    ...['overdue', 'pass-failed'],
  ],
  'sessions:leases': [
    'expired',
    'malformed',
    'far-future',
    'closed',
    'wrong-kind',
    'git-refuses',
    'project-full',
    'held',
  ],
  'install:binaries': ['shadowed', 'broken'],
  'harness:claude': ['blocked', 'absent'],
  'harness:codex': ['not-for-daemon'],
  harnesses: ['none', 'no-manifest'],
};

/** Causes that cannot be made here, and why. */
const without: Readonly<Record<string, string>> = {
  'home:access few-tasks': 'root is exempt from the limit of its user, and a control group takes the right to make one',
  'home:access no-terminals': 'it takes the rights to mount; test/devices.test.ts holds it',
  'home:access no-null': 'it takes the rights to mount; test/devices.test.ts holds it',
  'home:filesystem network': 'a network file system takes a server, and the rights to mount it',
  'home:filesystem unsuited': 'it takes a file system of another kind, and the rights to mount it',
  'home:config settings-ignored':
    'the settings lie outside the home and what a fault may write to; test/checks/home.test.ts and test/coven/json5.test.ts hold it',
  'daemon:resources tasks':
    'root is exempt from the limit of its user, and a control group takes the right to make one; test/checks/daemon.test.ts and test/tasks.test.ts hold it',
  'daemon:context ignores-children':
    'Node, which stands in for a daemon, takes the signal back as it starts; test/context.test.ts holds it with the real Coven',
  'sessions:leases closed': 'a project lies outside what a fault may write to; test/leases.test.ts holds it',
  'sessions:leases project-full':
    'a file system that is full takes the right to mount it, and a folder to be run in; test/leases.test.ts holds it',
};

test('every cause of the catalogue is produced by a fault', () => {
  const wanted = Object.entries(causes).flatMap(([check, codes]) => codes.map((code) => `${check} ${code}`));
  const made = new Set(faults.flatMap(({ expect }) => expect.map((line) => line.split(' ').slice(0, 2).join(' '))));
  expect(wanted.filter((cause) => !made.has(cause))).toEqual(Object.keys(without));
});
