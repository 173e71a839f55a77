// Which of several things a finding names, and how many it counts.
import { expect, test } from 'vitest';
import { daemon } from '../../checks/daemon.ts';
import { daemonCapabilities } from '../../checks/daemon-capabilities.ts';
import { daemonContext } from '../../checks/daemon-context.ts';
import { daemonDuplicates } from '../../checks/daemon-duplicates.ts';
import { daemonLog } from '../../checks/daemon-log.ts';
import { daemonRecord } from '../../checks/daemon-record.ts';
import { daemonSocket } from '../../checks/daemon-socket.ts';
import { harnessChecks, harnesses } from '../../checks/harnesses.ts';
import { homeLocks } from '../../checks/home-locks.ts';
import { homeMode } from '../../checks/home-mode.ts';
import { homeOwner } from '../../checks/home-owner.ts';
import { installBinaries } from '../../checks/install-binaries.ts';
import { sessionsChurn } from '../../checks/sessions-churn.ts';
import { sessionsLeases } from '../../checks/sessions-leases.ts';
import { sessionsOrphaned } from '../../checks/sessions-orphaned.ts';
import { sessionsProcesses } from '../../checks/sessions-processes.ts';
import { storeContent } from '../../checks/store-content.ts';
import { storeIndex } from '../../checks/store-index.ts';
import { storeIntegrity } from '../../checks/store-integrity.ts';
import { upgradeBinaries } from '../../checks/upgrade-binaries.ts';
import { upgradeSessions } from '../../checks/upgrade-sessions.ts';
import { upgradeTarget } from '../../checks/upgrade-target.ts';
import { upgradedCapabilities } from '../../checks/upgraded-capabilities.ts';
import { upgradedLedger } from '../../checks/upgraded-ledger.ts';
import { upgradedSessions } from '../../checks/upgraded-sessions.ts';
import { upgradedVersion } from '../../checks/upgraded-version.ts';
import {
  ago,
  body,
  type Changes,
  changed,
  daemonProcess,
  harnessProcess,
  healthy,
  hour,
  now,
  runningRow,
  stopped,
  stranger,
} from '../../fixtures/seen.ts';
import { savedState } from '../../fixtures/upgrade-state.ts';
import { shellLine } from '../../src/model/advice.ts';
import type { Check, Facts, Finding } from '../../src/model/check.ts';
import type { Entry, Lease, Observations, Process, SessionRow } from '../../src/model/observation.ts';
import type { DaemonState, UpgradeState } from '../../src/upgrade/state.ts';

/** The finding of this code, or the first one. */
function found(check: Check, seen: Observations, code?: string): Finding {
  const findings = check.judge(seen, new AbortController().signal);
  const one = Array.isArray(findings) && findings.find((finding) => code === undefined || finding.code === code);
  if (!one) throw new TypeError(`${check.id} says nothing of ${code}`);
  return one as Finding;
}
const factsOf = (check: Check, seen: Changes, base = healthy): Facts => found(check, changed(base, seen)).facts;
const evidenceOf = (check: Check, seen: Changes, code?: string, base = healthy) =>
  found(check, changed(base, seen), code).evidence;
/** What is told of one field. */
const fieldOf = (check: Check, seen: Changes, field: string, base = healthy) =>
  evidenceOf(check, seen, undefined, base).find((one) => one.field === field)?.value;

const processes = (...list: readonly Process[]): Changes => ({ processes: { list } });
const rows = (...open: readonly SessionRow[]): Changes => ({ 'store.sessions': { open } });
const many = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `session-${index}`);
const entry = (name: string, more: Partial<Entry>): Entry => ({
  name,
  kind: 'file',
  mode: 0o600,
  uid: 1000,
  size: 1,
  links: 1,
  dev: '1',
  ino: '1',
  modifiedAt: now,
  ...more,
});
const entries = (...list: readonly Entry[]): Changes => ({ 'home.entries': { list } });
const foreign: Changes = {
  'home.locks': { files: [{ name: 'daemon-serve.lock', holders: [] }] },
  processes: { list: [] },
};

test('of capabilities their values are evidence, but for those that are lists', () => {
  const seen = body({ capabilities: { sessions: true, events: ['a'] } });
  expect(['sessions', 'events', 'structuredErrors'].map((name) => fieldOf(daemonCapabilities, seen, name))).toEqual([
    true,
    null,
    null,
  ]);
});

test('the holder of the serve lock is named, and of no other', () => {
  const files = ['daemon.lock', 'daemon-serve.lock'].map((name, index) => ({
    name,
    holders: [{ pid: index === 0 ? 9 : 4242, exclusive: true }],
  }));
  expect(fieldOf(daemon, { 'home.locks': { files } }, 'serveLockHolder')).toBe(4242);
});

test('a daemon that a signal has stopped is told so, whatever other processes do', () => {
  const hung: Changes = { 'daemon.health': { outcome: 'no-bytes', body: null } };
  const stoppedOne = (...list: readonly Process[]) => factsOf(daemon, { ...hung, ...processes(...list) }).stopped;
  expect(stoppedOne(stranger, { ...daemonProcess, state: 'T' })).toBe(true);
  expect(stoppedOne({ ...stranger, state: 'T' }, daemonProcess)).toBe(false);
});

test('how long a silent daemon was watched is told', () => {
  const silence = {
    pid: 4242,
    watchedMs: 11_000,
    looks: 20,
    state: 'S',
    runnable: false,
    cpuMs: 20,
    log: false,
    lateMs: 3,
  };
  const { watchedMs, cpuMs } = factsOf(daemon, { 'daemon.health': { outcome: 'no-bytes', body: null, silence } });
  expect([watchedMs, cpuMs]).toEqual([11_000, 20]);
});

test('the program under a recorded number is named', () => {
  const record: Changes = { 'daemon.record': { ...healthy['daemon.record'], pid: 77 } };
  expect(factsOf(daemonRecord, { ...record, ...processes(daemonProcess, stranger) }, stopped).command).toBe('sleep');
});

test('the first that listens is the listener', () => {
  const two = processes(daemonProcess, { ...stranger, listening: true });
  expect([factsOf(daemonSocket, {}).listenerPid, factsOf(daemonSocket, two).listenerPid]).toEqual([4242, 4242]);
});

test('a log without a start counts none', () => {
  expect(factsOf(daemonLog, { 'daemon.log': { starts: [], last: null } }).starts).toBe(0);
});

test('harnesses that cannot be run are counted', () => {
  const install = (...why: readonly ('mode' | null)[]): Changes => ({
    install: {
      harnesses: why.map((one, index) => ({
        id: `h${index}`,
        path: null,
        ...(one && { blocked: { path: '/opt/h', why: one } }),
      })),
    },
  });
  expect([factsOf(harnesses, install(null, null)).blocked, factsOf(harnesses, install('mode', null)).blocked]).toEqual([
    0, 1,
  ]);
});

test('the daemon that finds no harness is named, also where its configuration could not be seen', () => {
  const [codex] = harnessChecks;
  const seen = changed(healthy, { 'daemon.process': { harnesses: [] } });
  const { code, facts } = found(codex as Check, { ...seen, 'home.config': null as never });
  expect([code, facts.pid]).toEqual(['not-for-daemon', 4242]);
});

test('locks that are held are named with who holds them', () => {
  const files = ['state.lock', 'daemon-serve.lock'].map((name, index) => ({
    name,
    holders: index === 0 ? [] : [{ pid: 4242, exclusive: true }],
  }));
  expect(factsOf(homeLocks, { 'home.locks': { files } }).held).toBe('daemon-serve.lock by 4242');
});

test('where processes could not be seen, nobody is taken for the daemon that holds a lock', () => {
  const held = [{ name: 'automations-scheduler.lock', pid: 4242, command: 'coven', watchedMs: 6000 }];
  const seen = changed(healthy, { 'home.held': { held } });
  expect(found(homeLocks, { ...seen, processes: null as never }).code).toBe('held');
});

test.each([
  [['10', '9'], '9'],
  [['9', '10'], '9'],
  [['12', '11'], '11'],
  [['11', '12'], '11'],
])('of open entries with the inodes %s the first by inode is named', (inodes, first) => {
  const seen = entries(...inodes.map((ino) => entry(`keys/${ino}`, { ino, mode: 0o644 })));
  expect(factsOf(homeMode, seen).name).toBe(`keys/${first}`);
});

test('of entries of another user the first that Coven writes is named, else the first', () => {
  const named = (...names: readonly string[]) =>
    factsOf(homeOwner, entries(...names.map((name) => entry(name, { uid: 0 })))).name;
  expect([named('notes', 'state.lock', 'daemon.lock'), named('notes', 'other')]).toEqual(['state.lock', 'notes']);
});

test.each([
  ['all of it', [0, 0], true, 1000, true],
  ['a part of it', [0, 1000], true, 1000, false],
  ['of two others', [0, 7], true, 1000, false],
  ['all that was seen of it', [0, 0], false, 1000, false],
])('a home of whose entries %s belong to another user (uids %j)', (_what, uids, complete, me, alone) => {
  const list = uids.map((uid, index) => entry(`notes-${index}`, { uid }));
  const seen: Changes = { 'home.entries': { list, complete }, machine: { uid: me } };
  const facts = factsOf(homeOwner, seen);
  expect(facts.folderAlone).toBe(alone);
  expect(hintOf(homeOwner, 'foreign-entries', facts).includes('chown -h 0 ')).toBe(alone);
  // A home that only its folder keeps from the user whose all the rest is.
  const mine = factsOf(homeOwner, { ...seen, machine: { uid: 0 }, home: { uid: 7 } });
  expect(mine.folderAlone).toBe(alone);
});

const hintOf = (check: Check, code: string, facts: Facts): string => {
  const told = check.causes[code]?.hint;
  const parts = typeof told === 'function' ? told(facts) : told;
  return (Array.isArray(parts) ? parts : [])
    .map((part) => (typeof part === 'string' ? part : shellLine(part)))
    .join('\n');
};

test('every entry that is open or of another user is in the command, up to eight, and more than those are told', () => {
  const locks = ['a.lock', 'b.lock'].map((name) => entry(`keys/${name}`, { ino: name, mode: 0o644, uid: 0 }));
  const folder = entry('mobile', { kind: 'directory', ino: 'c', mode: 0o750 });
  const open = factsOf(homeMode, entries(...locks, folder));
  expect(hintOf(homeMode, 'entry-open', open)).toMatch(
    /^chmod 0700 \S+\/mobile\nchmod 0600 \S+\/keys\/a\.lock \S+\/keys\/b\.lock$/,
  );
  expect(hintOf(homeOwner, 'foreign-entries', factsOf(homeOwner, entries(...locks)))).toMatch(/a\.lock \S+b\.lock$/);
  const many = Array.from({ length: 11 }, (_, index) => entry(`keys/${index}`, { ino: `${index}`, mode: 0o644 }));
  const facts = factsOf(homeMode, entries(...many, entry('keys/a, b', { mode: 0o644 })));
  expect(messageOf(homeMode, 'entry-open', facts)).toMatch(
    /^12 private entries are open to other users: .* and 4 more$/,
  );
  expect(hintOf(homeMode, 'entry-open', facts)).toContain('This is for those that are named');
  const one = factsOf(homeMode, entries(locks[0] ?? folder));
  expect(messageOf(homeMode, 'entry-open', one)).toBe(
    '1 private entry is open to other users: keys/a.lock (mode 0644)',
  );
});

const messageOf = (check: Check, code: string, facts: Facts): string => {
  const told = check.causes[code]?.message;
  return typeof told === 'function' ? told(facts) : (told ?? '');
};

test('a daemon that goes on is told to be restarted only where a restart would start another version', () => {
  const before = savedState;
  const said = (version: string | null) => {
    const seen: Changes = { install: { covens: version === null ? [] : [{ version, ours: false } as never] } };
    const facts = factsOf(
      upgradedVersion({ ...before, daemon: { ...(before.daemon as DaemonState), process: null, startedAt: null } }),
      seen,
    );
    return facts.isOld;
  };
  expect([said('0.4.6'), said('0.4.7'), said(null)]).toEqual([true, false, false]);
  const check = upgradedVersion(before);
  const old = { pid: 7, now: '0.4.6', installed: '0.4.6', isOld: true };
  expect(messageOf(check, 'not-restarted', old)).toMatch(/^the coven on PATH was not upgraded: it is Coven 0\.4\.6/);
  expect(hintOf(check, 'not-restarted', old)).toContain('Install the new version first');
  expect(hintOf(check, 'not-restarted', { ...old, installed: null, isOld: false })).toContain('could not be told');
});

test('the launcher that comes first is named', () => {
  const coven = { path: '/usr/bin/coven', target: '/opt/coven', version: '0.4.6', ours: false };
  const launcher = {
    path: '/home/ada/bin/coven',
    target: '/home/ada/bin/coven',
    version: null,
    ours: true,
    launcher: true,
  };
  expect(factsOf(installBinaries, { install: { covens: [launcher, coven] } }).launcher).toBe('/home/ada/bin/coven');
  expect(factsOf(installBinaries, { install: { covens: [coven, launcher] } }).launcher).toBe(null);
});

const seconds = Date.parse(now) / 1000;
const lease = (name: string, more: Partial<Lease>): Lease => ({
  name,
  state: 'valid',
  expiresAt: seconds + 60,
  sessionId: 'session-1',
  ...more,
});
const leases = (writers: readonly Lease[], owner: Lease | null = null): Changes => ({
  'sessions.leases': { projects: [{ path: '/p', gate: 'read', owner, writers }] },
});

test('of leases with the same fault the first is named', () => {
  const two = (more: Partial<Lease>) => leases([lease('a', more), lease('b', more)]);
  const named = (seen: Changes) =>
    factsOf(sessionsLeases, { ...processes(daemonProcess, harnessProcess), ...seen }).name;
  expect([
    named(two({ state: 'unreadable', expiresAt: null })),
    named(two({ state: 'malformed', expiresAt: null })),
    named(two({ expiresAt: seconds - 99 })),
    named(two({ expiresAt: seconds + 2 * hour })),
    named(leases([lease('a', { state: 'unreadable' })], lease('own', { state: 'unreadable' }))),
  ]).toEqual(['a', 'a', 'a', 'a', 'own']);
});

test('a lease until after the last date ends at the last date', () => {
  expect(factsOf(sessionsLeases, leases([lease('a', { expiresAt: 1e300 })])).until).toBe('+275760-09-13T00:00:00.000Z');
});

test('where rows are judged, whether a daemon can be reached is evidence, and else it is not', () => {
  const gone = { ...runningRow, id: 'gone' };
  const left = { ...harnessProcess, pid: 4301, innerPid: 4301, ownerPid: null, sessionId: 'left' };
  const unclear = { ...stranger, sessionId: 'unclear' };
  const row = (id: string): SessionRow => ({ ...runningRow, id });
  const isTold = (open: readonly SessionRow[], ...list: readonly Process[]): boolean =>
    evidenceOf(sessionsOrphaned, { ...rows(...open), ...processes(daemonProcess, ...list) }).some(
      ({ field }) => field === 'connect',
    );
  expect([
    isTold([]),
    isTold([gone]),
    isTold([runningRow], harnessProcess),
    isTold([row('left')], left),
    isTold([row('unclear')], unclear),
    isTold([runningRow, gone], harnessProcess),
    isTold([runningRow, row('left')], harnessProcess, left),
    isTold([runningRow, row('unclear')], harnessProcess, unclear),
  ]).toEqual([false, true, true, true, true, true, true, true]);
});

test('of many rows and processes the first twenty are evidence', () => {
  const ids = many(21);
  const open = rows(...ids.map((id) => ({ ...runningRow, id })));
  const orphans = evidenceOf(sessionsOrphaned, open).filter(({ field }) => field.endsWith('.updatedAt'));
  expect([orphans.length, orphans[0]?.field]).toEqual([20, 'session-0.updatedAt']);
  const hidden = ids.map((_, index) => ({
    ...stranger,
    pid: 5000 + index,
    command: 'claude',
    home: 'unreadable' as const,
  }));
  const unclear = evidenceOf(sessionsProcesses, processes(daemonProcess, ...hidden)).filter(({ field }) =>
    field.endsWith('.environment'),
  );
  expect([unclear.length, unclear[0]?.field]).toEqual([20, '5000.environment']);
  const live = ids.map((sessionId, index) => ({
    ...harnessProcess,
    pid: 5000 + index,
    innerPid: 5000 + index,
    sessionId,
  }));
  const sessions = evidenceOf(
    upgradeSessions,
    { ...open, ...processes(daemonProcess, ...live) },
    'live-sessions',
  ).filter(({ field }) => field.startsWith('session-'));
  expect([sessions.length, sessions[0]?.field]).toEqual([20, 'session-0']);
});

test('of sessions that failed in a row the first and the last are dated', () => {
  const latest = [1, 2, 3].map((hours) => ({ id: `s${hours}`, status: 'failed', createdAt: ago(hours * hour) }));
  const { newest, firstAt, lastAt } = factsOf(sessionsChurn, { 'store.sessions': { latest } });
  expect([newest, firstAt, lastAt]).toEqual(['s1', ago(3 * hour), ago(hour)]);
});

test('what Coven can go on with is claimed only of what was looked at', () => {
  const contentOf = (more: Partial<Observations['store.sessions']['content']>): Facts =>
    factsOf(storeContent, { 'store.sessions': { content: { ...healthy['store.sessions'].content, ...more } } });
  expect([
    contentOf({ lost: [], sequenceAtEnd: false }).complete,
    contentOf({ lost: null, sequenceAtEnd: false }).complete,
    contentOf({ lost: [], sequenceAtEnd: null }).complete,
  ]).toEqual([true, false, false]);
  const lost = [20, 19].map((count) => contentOf({ lost: many(count) }));
  expect(lost.map(({ sessions, most, id }) => [sessions, most, id])).toEqual([
    [20, true, 'session-0'],
    [19, false, 'session-0'],
  ]);
});

test('of damage of the full-text index the first is told', () => {
  const problems = ['one', 'two'].map((text) => ({ kind: 'twice', text, table: 'events', search: true }) as const);
  const map = { ...healthy['store.bytes'].map, problems, problemCount: 2 } as never;
  expect(factsOf(storeIndex, { 'store.bytes': { map } }).first).toBe('one');
});

test('rows that the index of a key lacks are counted for the first such index alone', () => {
  const indexProblems = [
    'row 1 missing from index idx_events_session',
    'row 2 missing from index sqlite_autoindex_sessions_1',
    'row 3 missing from index sqlite_autoindex_sessions_1',
    'row 3 missing from index sqlite_autoindex_events_1',
  ];
  const { key, keyTable, lacking } = factsOf(storeIndex, { 'store.integrity': { indexProblems } });
  expect([key, keyTable, lacking]).toEqual(['sqlite_autoindex_sessions_1', 'sessions', 2]);
});

test('what can still be read is counted by table, and all rows that were read together', () => {
  const counted = { sessions: { rows: 3, about: 4 }, events: { rows: 47, about: 66 } };
  const tables = Object.entries(counted).map(([table, more]) => ({ table, ...more }));
  const seen: Changes = {
    'store.bytes': { map: { ...healthy['store.bytes'].map, tables } as never },
    'store.integrity': {
      tables: [3, 47].map((rowsRead) => ({ table: 't', rowsRead, rowsAbout: 66, complete: true, problem: null })),
    },
  };
  const { sessions, sessionsAbout, events, eventsAbout, rowsRead } = factsOf(storeIntegrity, seen);
  expect([sessions, sessionsAbout, events, eventsAbout, rowsRead]).toEqual([3, 4, 47, 66, 50]);
});

test('of a ledger that was read in part it is said how much was read, never that it is intact', () => {
  const mebibyte = 1024 ** 2;
  const told = (pagesRead: number, depth: 'bounded' | 'whole', complete: boolean, mapped = true): string => {
    const map = { ...healthy['store.bytes'].map, pageSize: mebibyte, pages: 900, pagesRead, mapped, whole: complete };
    const { code, facts } = found(
      storeIntegrity,
      changed(healthy, { 'store.bytes': { map: map as never }, 'store.integrity': { depth, complete } }),
    );
    const { message } = storeIntegrity.causes[code] ?? {};
    return `${code}: ${typeof message === 'function' ? message(facts) : message}`;
  };
  expect([
    told(64, 'bounded', false),
    told(900, 'whole', false),
    told(64, 'whole', false),
    told(0, 'bounded', false, false),
  ]).toEqual([
    'ok: no damage in the 64 MiB of 900 MiB that were read; --deep reads all',
    'unfinished: no damage in the 900 MiB of 900 MiB that were read before the time ended',
    'unfinished: no damage in the 64 MiB of 900 MiB that were read before the time ended',
    'undetermined: whether the ledger is intact could not be determined (not read)',
  ]);
  expect(told(900, 'bounded', true)).toMatch(/^ok: the ledger is intact \(.* read\)$/);
});

test('the first Coven of the target behind another is named, and none where it comes first', () => {
  const coven = (path: string, version: string) => ({ path, target: path, version, ours: false });
  const hidden = (...covens: readonly ReturnType<typeof coven>[]) =>
    factsOf(upgradeBinaries({ targetVersion: '0.4.7' }), { install: { covens } }).hidden;
  expect([
    hidden(coven('/a', '0.4.6'), coven('/b', '0.4.7'), coven('/c', '0.4.7')),
    hidden(coven('/a', '0.4.7')),
    hidden(coven('/a', '0.4.7'), coven('/b', '0.4.6')),
  ]).toEqual(['/b', null, null]);
});

test('what is installed is the first Coven on PATH', () => {
  const covens = ['0.4.6', '0.4.5'].map((version) => ({ path: `/${version}`, target: version, version, ours: false }));
  expect(factsOf(upgradeTarget({ targetVersion: '0.4.7' }), { install: { covens } }).installed).toBe('0.4.6');
});

test('the version that a stranger on the socket tells is not that of the daemon', () => {
  const { daemon: daemonBefore } = savedState;
  expect([
    factsOf(upgradeTarget({ targetVersion: '0.4.7' }), foreign).running,
    factsOf(upgradedVersion({ ...savedState, daemon: daemonBefore }), foreign).now,
  ]).toEqual([null, null]);
});

test('what a new daemon announces is told, the catalogue only where it was known before', () => {
  const gained = (daemonBefore: Partial<DaemonState>) =>
    factsOf(
      upgradedCapabilities({ ...savedState, daemon: { ...(savedState.daemon as DaemonState), ...daemonBefore } }),
      {
        ...body({ capabilities: { sessions: true, flight: true } }),
        'daemon.capabilities': { body: ['coven.sessions', 'coven.flight'] },
      },
    ).gained;
  expect([gained({}), gained({ catalogue: null })]).toEqual(['flight, catalogue/coven.flight', 'flight']);
});

const table = (name: string, more: object = {}) => ({
  table: name,
  rows: 100,
  firstRowid: 1,
  lastRowid: 100,
  sample: [],
  ...more,
});
const ledgerOf = (...tables: readonly ReturnType<typeof table>[]): UpgradeState => ({
  ...savedState,
  ledger: { dev: '1', ino: '3', tables },
});

test('the rows of tables that are new or gone are all counted', () => {
  const seen = (...tables: readonly ReturnType<typeof table>[]): Changes => ({ 'store.rows': { tables } });
  const both = [table('events'), table('sessions')];
  const isNew = factsOf(upgradedLedger(ledgerOf(table('sessions'))), seen(...both));
  expect([isNew.events, isNew.eventsNew, isNew.sessionsNew]).toEqual([100, 100, 0]);
  const gone = changed(healthy, seen(table('sessions')));
  const { facts, evidence } = found(upgradedLedger(ledgerOf(...both)), gone);
  expect([facts.count, facts.tables]).toEqual([100, '100 of 100 in events']);
  expect(evidence.find(({ field }) => field === 'events.rows')?.value).toBe(0);
});

test.each([
  ['running', 1, 0],
  ['completed', 0, 1],
])('a session that waited and is now %s', (status, open, ended) => {
  const before: UpgradeState = {
    ...savedState,
    sessions: { byStatus: [], open: [{ id: 'a', status: 'created', standing: 'created' }], openComplete: true },
  };
  const facts = factsOf(upgradedSessions(before), {
    'store.rows': { changed: [{ id: 'a', status, updatedAt: ago(1) }] },
  });
  expect([facts.open, facts.ended]).toEqual([open, ended]);
});

const context = (more: NonNullable<Changes['daemon.context']>): Changes => ({ 'daemon.context': more });

test('what a daemon hands down is told as it is', () => {
  const withoutLogin = (...ids: readonly string[]) =>
    context({ home: { path: '/root', folder: 'there', withoutLogin: ids } });
  const noGit = {
    ...context({ gitProgram: { there: false, here: true } }),
    'sessions.leases': { projects: [{ path: '/p', gate: 'none', owner: null, writers: [] }] },
  } as const;
  const { gitThere, gitHere } = factsOf(daemonContext, noGit);
  expect([gitThere, gitHere]).toEqual([false, true]);
  expect(factsOf(daemonContext, context({ ignoresChildren: true })).ignoresChildren).toBe(true);
  expect(factsOf(daemonContext, context({ umask: 0o777 })).umask).toBe('0777');
  expect(factsOf(daemonContext, withoutLogin('codex')).many).toBe(false);
  expect(factsOf(daemonContext, withoutLogin('codex', 'claude')).many).toBe(true);
});

test('one variable of git with an absolute path is enough to lead every session away', () => {
  const git = [true, false].map((absolute) => ({ name: absolute ? 'GIT_DIR' : 'GIT_INDEX_FILE', absolute }) as const);
  expect(found(daemonContext, changed(healthy, context({ git }))).status).toBe('fail');
});

test('where it is not known which projects there are, no git is asked for', () => {
  const seen = changed(healthy, context({ gitProgram: { there: false, here: true } }));
  expect(found(daemonContext, { ...seen, 'sessions.leases': null as never }).status).toBe('pass');
});

test.each([
  [ago(5 * hour), 'failed'],
  [ago(2 * hour), 'none'],
  [null, 'failed'],
])(
  'sessions count from when the daemon says that it began (%s), else from what its record says',
  (startedAt, since) => {
    const seen: Changes = {
      ...body({ startedAt }),
      'daemon.record': { ...healthy['daemon.record'], startedAt: startedAt === null ? ago(5 * hour) : ago(9 * hour) },
      ...context({ home: { path: '/nonexistent', folder: 'absent', withoutLogin: [] } }),
      'store.sessions': { latest: [{ id: 'a', status: 'failed', createdAt: ago(3 * hour) }] },
    };
    expect(factsOf(daemonContext, seen).since).toBe(since);
  },
);

test('of processes whose folder is gone twenty are evidence', () => {
  const many = Array.from({ length: 21 }, (_, index) => ({
    ...harnessProcess,
    pid: 5000 + index,
    innerPid: 5000 + index,
    folderGone: true,
  }));
  const told = evidenceOf(sessionsProcesses, { processes: { list: [daemonProcess, ...many] } }, 'folder-gone');
  const pids = told.flatMap(({ field }) => /^(\d+)\.folderGone$/.exec(field)?.[1] ?? []);
  expect(pids).toEqual(many.slice(0, 20).map(({ pid }) => String(pid)));
});

test('of two daemons of other homes that have this ledger open the first is named', () => {
  const other = (pid: number): Process => ({ ...daemonProcess, pid, innerPid: pid, home: 'other' });
  const seen: Changes = { processes: { list: [daemonProcess, other(60), other(61)] } };
  expect(found(daemonDuplicates, changed(healthy, seen), 'shared-ledger').facts.sharing).toBe(60);
});
