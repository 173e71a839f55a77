import { sessionsAutomations } from '../../checks/sessions-automations.ts';
import { sessionsChurn } from '../../checks/sessions-churn.ts';
import { sessionsLeases } from '../../checks/sessions-leases.ts';
import { sessionsOrphaned } from '../../checks/sessions-orphaned.ts';
import { sessionsProcesses } from '../../checks/sessions-processes.ts';
import { sessionsStranded } from '../../checks/sessions-stranded.ts';
import {
  ago,
  type Changes,
  daemonProcess,
  day,
  harnessProcess,
  hour,
  minute,
  now,
  runningRow,
  stranger,
} from '../../fixtures/seen.ts';
import type { Lease, Observations, Process, SessionRow } from '../../src/model/observation.ts';
import { judges, type Row, whenStopped } from './table.ts';

const rows = (...open: readonly SessionRow[]): Changes => ({ 'store.sessions': { open } });
const processes = (...list: readonly Process[]): Changes => ({ processes: { list } });
const run: Process = { ...stranger, pid: 600, innerPid: 600, role: 'run', command: 'coven', home: 'this' };
const unreadable: Changes = { 'store.sessions': { outcome: 'failed', code: 'SQLITE_CORRUPT' } };

/** Of a project that is no git repository: it carries the home alone. */
const unmarked = (...rest: readonly (readonly [why: string, more: Partial<Process>, said: string])[]): readonly Row[] =>
  rest.map(([why, more, said]) => [
    `a process without a mark that ${why}`,
    {
      ...rows(runningRow),
      ...processes(daemonProcess, {
        ...stranger,
        home: 'this',
        sessionLeader: true,
        ownerPid: 4242,
        startedAt: ago(hour),
        ...more,
      }),
    },
    [said],
  ]);

const unfinished: Changes = {
  'store.sessions': { outcome: 'no-table' },
  'store.open': { tables: [] },
  'store.integrity': {
    tables: [{ table: 'sqlite_sequence', rowsRead: 0, rowsAbout: 0, complete: true, problem: null }],
  },
};
judges(sessionsOrphaned, [
  ['no rows', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['no ledger', { 'store.open': { outcome: 'missing' } }, ['skip no-ledger']],
  ['a ledger that does not open', { 'store.open': { outcome: 'malformed' } }, ['skip ledger-not-opened']],
  ["another ledger's WAL", { 'store.open': { walForeign: true } }, ['skip wal-foreign']],
  ['rows that cannot be read', unreadable, ['unknown undetermined']],
  ['a row of a live harness', { ...rows(runningRow), ...processes(daemonProcess, harnessProcess) }, ['pass ok']],
  ['a row without one', rows(runningRow), ['warn orphaned']],
  [
    'a row of a zombie',
    { ...rows(runningRow), ...processes(daemonProcess, { ...harnessProcess, state: 'Z' }) },
    ['warn orphaned'],
  ],
  [
    'a row of a process that is dead',
    { ...rows(runningRow), ...processes(daemonProcess, { ...harnessProcess, state: 'X' }) },
    ['warn orphaned'],
  ],
  whenStopped(
    'a harness that outlived its daemon',
    {
      ...rows(runningRow),
      ...processes({ ...harnessProcess, ownerPid: null, ppid: 1 }),
    },
    ['pass ok'],
  ),
  whenStopped('nothing of it is left', rows(runningRow), ['warn orphaned']),
  ['a row that was seen once', { 'store.sessions': { open: [runningRow], looks: 1 } }, ['unknown undetermined']],
  ['a row of one second', rows({ ...runningRow, createdAt: ago(1) }), ['pass ok']],
  ['a row of two seconds', rows({ ...runningRow, createdAt: ago(2) }), ['unknown undetermined']],
  [
    'a row of two seconds with its harness',
    { ...rows({ ...runningRow, createdAt: ago(2) }), ...processes(daemonProcess, harnessProcess) },
    ['pass ok'],
  ],
  [
    'a row of two seconds that was seen once',
    { 'store.sessions': { open: [{ ...runningRow, createdAt: ago(2) }], looks: 1 } },
    ['pass ok'],
  ],
  ['a row of 29 seconds', rows({ ...runningRow, createdAt: ago(29) }), ['unknown undetermined']],
  ['a row of 30 seconds', rows({ ...runningRow, createdAt: ago(30) }), ['warn orphaned']],
  ['an external row', rows({ ...runningRow, external: true }), ['pass ok']],
  ['a row that is not running', rows({ ...runningRow, status: 'created' }), ['pass ok']],
  [
    'processes that cannot be seen',
    { ...rows(runningRow), machine: { seesEveryProcess: false } },
    ['unknown undetermined'],
  ],
  [
    'a daemon that hangs',
    { ...rows(runningRow), 'daemon.health': { outcome: 'no-bytes', body: null } },
    ['unknown undetermined'],
  ],
  whenStopped(
    'a harness that hides its environment',
    {
      ...rows(runningRow),
      ...processes({ ...stranger, command: 'codex', home: 'unreadable' }),
    },
    ['unknown undetermined'],
  ),
  whenStopped(
    'the doctor, which hides its own',
    {
      ...rows(runningRow),
      ...processes({ ...stranger, command: 'codex', home: 'unreadable', own: true }),
    },
    ['warn orphaned'],
  ),
  whenStopped(
    'a row of a live `coven run`',
    { ...rows(runningRow), ...processes({ ...run, startedAt: ago(hour + 5) }) },
    ['pass ok'],
  ),
  whenStopped(
    'a `coven run` whose row is called orphaned',
    {
      'store.sessions': {
        open: [],
        latest: [{ id: runningRow.id, status: 'orphaned', createdAt: runningRow.createdAt }],
      },
      ...processes({ ...run, startedAt: ago(hour + 5) }),
    },
    ['warn run-marked'],
  ),
  whenStopped(
    'an orphaned row beside a `coven run` that began later',
    {
      'store.sessions': {
        open: [],
        latest: [{ id: runningRow.id, status: 'orphaned', createdAt: runningRow.createdAt }],
      },
      ...processes({ ...run, startedAt: ago(hour - 60) }),
    },
    ['pass ok'],
  ),
  whenStopped(
    'a `coven run` that began 2 seconds after it',
    {
      ...rows(runningRow),
      ...processes({ ...run, startedAt: ago(hour - 2) }),
    },
    ['pass ok'],
  ),
  whenStopped(
    'one that began 3 seconds after it',
    {
      ...rows(runningRow),
      ...processes({ ...run, startedAt: ago(hour - 3) }),
    },
    ['unknown undetermined'],
  ),
  whenStopped(
    'one that began 15 seconds before it',
    {
      ...rows(runningRow),
      ...processes({ ...run, startedAt: ago(hour + 15) }),
    },
    ['pass ok'],
  ),
  whenStopped(
    'one that began 16 seconds before it',
    {
      ...rows(runningRow),
      ...processes({ ...run, startedAt: ago(hour + 16) }),
    },
    ['unknown undetermined'],
  ),
  whenStopped(
    'one of another home',
    {
      ...rows(runningRow),
      ...processes({ ...run, home: 'other', startedAt: ago(hour + 5) }),
    },
    ['warn orphaned'],
  ),
  whenStopped(
    'one run and two rows',
    {
      ...rows(runningRow, { ...runningRow, id: 'session-2' }),
      ...processes({ ...run, startedAt: ago(hour + 5) }),
    },
    ['warn orphaned'],
  ),
  ...unmarked(
    ['leads its session, and began with the row', {}, 'pass ok'],
    ['began 2 seconds before the row', { startedAt: ago(hour + 2) }, 'pass ok'],
    ['began 3 seconds before it', { startedAt: ago(hour + 3) }, 'warn orphaned'],
    ['began 30 seconds after it', { startedAt: ago(hour - 30) }, 'pass ok'],
    ['began 31 seconds after it', { startedAt: ago(hour - 31) }, 'warn orphaned'],
    ['leads no session', { sessionLeader: false }, 'warn orphaned'],
    ['leads none, and is a child of the daemon', { sessionLeader: false, ppid: 4242, ownerPid: 4242 }, 'pass ok'],
    ['is of another home', { home: 'other' }, 'warn orphaned'],
    ['is of no home', { home: 'none' }, 'warn orphaned'],
    ['is of another session', { sessionId: 'session-9' }, 'warn orphaned'],
    ['is of a standalone run', { standalone: true }, 'warn orphaned'],
    ['is a helper of the daemon', { role: 'helper' }, 'warn orphaned'],
  ),
  ['more rows than are read', { 'store.sessions': { openComplete: false } }, ['unknown undetermined']],
  ['a ledger that its first command did not finish', unfinished, ['pass ok']],
  ['a ledger without its table', { 'store.sessions': { outcome: 'no-table' } }, ['unknown undetermined']],
  [
    'a ledger without tables, whose rows cannot be read',
    { ...unfinished, 'store.sessions': { outcome: 'failed' } },
    ['unknown undetermined'],
  ],
  [
    'both an orphan and more rows than are read',
    { 'store.sessions': { open: [runningRow], openComplete: false } },
    ['warn orphaned', 'unknown undetermined'],
  ],
]);

const left = (more: Partial<Process>): Process => ({ ...harnessProcess, ownerPid: null, ppid: 1, ...more });
judges(sessionsProcesses, [
  ['none', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['a harness of the daemon', processes(daemonProcess, harnessProcess), ['pass ok']],
  [
    'one whose project was removed',
    processes(daemonProcess, { ...harnessProcess, folderGone: true }),
    ['fail folder-gone'],
  ],
  ['one on a dead terminal', processes(daemonProcess, left({ deadTerminal: true })), ['warn unowned']],
  ['one whose row is open', { ...rows(runningRow), ...processes(daemonProcess, left({})) }, ['warn unowned']],
  [
    'one whose row names another harness',
    { ...rows({ ...runningRow, harness: 'claude' }), ...processes(left({})) },
    ['pass ok'],
  ],
  [
    'one that leads no session',
    processes(daemonProcess, left({ deadTerminal: true, sessionLeader: false })),
    ['pass ok'],
  ],
  ['a zombie', processes(daemonProcess, left({ deadTerminal: true, state: 'Z' })), ['pass ok']],
  [
    'one without a mark whose row is open',
    {
      ...rows({ ...runningRow, id: 'other', createdAt: ago(5 * hour) }, runningRow),
      ...processes(daemonProcess, left({ role: 'other', sessionId: null, deadTerminal: true })),
    },
    ['warn unowned'],
  ],
  [
    'one of two rows',
    { ...rows({ ...runningRow, id: 'a' }, runningRow), ...processes(daemonProcess, left({})) },
    ['warn unowned'],
  ],
  ['one without a session id', processes(daemonProcess, left({ deadTerminal: true, sessionId: null })), ['pass ok']],
  [
    'one that hides its environment',
    processes(daemonProcess, { ...stranger, command: 'claude', home: 'unreadable' }),
    ['unknown undetermined'],
  ],
  [
    'one of the daemon that hides it',
    processes(daemonProcess, { ...stranger, command: 'claude', home: 'unreadable', ownerPid: 4242 }),
    ['pass ok'],
  ],
  [
    'a daemon of another user, which hides it',
    processes(daemonProcess, { ...stranger, role: 'serve', command: 'claude', home: 'unreadable' }),
    ['pass ok'],
  ],
  [
    'another program that hides it',
    processes(daemonProcess, { ...stranger, command: 'ssh-agent', home: 'unreadable' }),
    ['pass ok'],
  ],
  [
    'another program that began with an open row',
    {
      ...rows(runningRow),
      ...processes(daemonProcess, { ...stranger, command: 'agent', home: 'unreadable', startedAt: ago(hour - 30) }),
    },
    ['unknown undetermined'],
  ],
  [
    'another program that began a second later than that',
    {
      ...rows(runningRow),
      ...processes(daemonProcess, { ...stranger, command: 'agent', home: 'unreadable', startedAt: ago(hour - 31) }),
    },
    ['pass ok'],
  ],
]);

const ahead = (sessions: number, events: number): Changes => ({
  'store.sessions': { open: [], ahead: { sessions, events, lastAt: ago(-day), list: [] } },
});
const createdRow: SessionRow = { ...runningRow, status: 'created' };
judges(sessionsStranded, [
  ['none', {}, ['pass ok']],
  ['no ledger', { 'store.open': { outcome: 'missing' } }, ['skip no-ledger']],
  ['rows that cannot be read', unreadable, ['skip sessions-unread']],
  ['10 minutes old', rows({ ...createdRow, createdAt: ago(10 * minute) }), ['pass ok']],
  ['a second older', rows({ ...createdRow, createdAt: ago(10 * minute + 1) }), ['warn stranded']],
  ['external', rows({ ...createdRow, external: true }), ['pass ok']],
  ['running', rows(runningRow), ['pass ok']],
  ['an hour ahead', rows({ ...createdRow, createdAt: ago(-hour) }), ['pass ok']],
  ['a second more', rows({ ...createdRow, createdAt: ago(-hour - 1) }), ['warn undated']],
  ['without a date', rows({ ...createdRow, createdAt: 'soon' }), ['warn undated']],
  ['a session of the future', ahead(1, 0), ['warn ahead']],
  ['an event of the future', ahead(0, 1), ['warn ahead']],
  ['as many events as sessions of the future', ahead(2, 2), ['warn ahead']],
  [
    'a session of the future, and one that waits',
    { 'store.sessions': { ...ahead(1, 0)['store.sessions'], open: [{ ...createdRow, createdAt: ago(hour) }] } },
    ['warn stranded', 'warn ahead'],
  ],
  [
    'one without a date, and one that waits',
    rows({ ...createdRow, createdAt: ago(-day) }, { ...createdRow, id: 'other', createdAt: ago(hour) }),
    ['warn stranded', 'warn undated'],
  ],
]);

const behind = (events: number, newestAt: string, days: number | null, more: Changes = {}): Changes => ({
  'store.sessions': { open: [], behind: { events, sessions: 1, firstAt: '1970-01-01T00:00:01Z', newestAt, all: 3 } },
  'home.config': { files: [], eventDays: days },
  processes: { list: [] },
  ...more,
});
judges(sessionsStranded, [
  ['events of 1970', behind(2, ago(hour), 30), ['fail behind']],
  ['that are kept for longer', behind(2, ago(hour), 36_500), ['pass ok']],
  ['with a privacy.toml that Coven refuses', behind(2, ago(hour), null), ['pass ok']],
  ['beside a daemon, which has deleted them', behind(2, ago(hour), 30, processes(daemonProcess)), ['pass ok']],
  ['events of two months ago, among others', behind(0, ago(hour), 30), ['pass ok']],
  ['none but of two months ago', behind(0, ago(60 * day), 30), ['warn all-by-age']],
  ['none but of 1970', behind(3, '1970-01-01T00:00:03Z', 30), ['fail behind']],
]);

const recent = (made: number, failed: number, orphaned: number): Changes => ({
  'store.sessions': { recent: { made, failed, orphaned } },
});
/** Sessions by their status, the newest first, an hour between them. */
const ended = (firstHoursAgo: number, ...statuses: readonly string[]): Changes => ({
  'store.sessions': {
    latest: statuses.map((status, index) => ({
      id: `s${index}`,
      status,
      createdAt: ago((firstHoursAgo + index) * hour),
    })),
  },
});

judges(sessionsChurn, [
  [
    'the newest three failed',
    ended(1, 'failed', 'failed', 'failed', 'completed'),
    ['warn in-a-row ! sessions-failing'],
  ],
  ['two of them', ended(1, 'failed', 'failed', 'completed', 'failed'), ['pass ok']],
  ['one between went well', ended(1, 'failed', 'idle', 'failed', 'failed'), ['pass ok']],
  ['a user ended some', ended(1, 'killed', 'killed', 'killed', 'killed'), ['pass ok']],
  [
    'ended and running ones between say nothing',
    ended(1, 'running', 'failed', 'killed', 'failed', 'orphaned', 'failed'),
    ['warn in-a-row ! sessions-failing'],
  ],
  ['the newest of them a day ago', ended(24, 'failed', 'failed', 'failed'), ['warn in-a-row ! sessions-failing']],
  ['a second longer ago', ended(24 + 1 / hour, 'failed', 'failed', 'failed'), ['pass ok']],
  ['longer ago than that', ended(25, 'failed', 'failed', 'failed'), ['pass ok']],
  ['none', {}, ['pass ok']],
  ['rows that cannot be read', unreadable, ['skip sessions-unread']],
  ['5 of 10 went wrong', recent(10, 3, 2), ['warn churn ! sessions-failing']],
  ['5 of 11', recent(11, 3, 2), ['pass ok']],
  ['4 of 4', recent(4, 4, 0), ['pass ok']],
  ['5 of 5', recent(5, 0, 5), ['warn churn ! sessions-failing']],
]);

const seconds = Date.parse(now) / 1000;
const lease = (expiresIn: number | null, more: Partial<Lease> = {}): Lease => ({
  name: 'w.json',
  state: 'valid',
  expiresAt: expiresIn === null ? null : seconds + expiresIn,
  sessionId: 'session-1',
  ...more,
});
const gate = (writers: readonly Lease[], more = {}): Changes => ({
  'sessions.leases': { projects: [{ path: '/p', gate: 'read', owner: null, writers, ...more }] },
});
judges(sessionsLeases, [
  ['none', {}, ['pass ok']],
  ['rows that cannot be read', unreadable, ['skip sessions-unread']],
  ['a valid one', gate([lease(60)]), ['pass ok']],
  ['an expired one whose session is over', gate([lease(-hour)]), ['pass ok']],
  [
    'one of a live session, 30 seconds late',
    { ...gate([lease(-30)]), ...processes(daemonProcess, harnessProcess) },
    ['pass ok'],
  ],
  ['31 seconds late', { ...gate([lease(-31)]), ...processes(daemonProcess, harnessProcess) }, ['warn expired']],
  [
    'late, of a zombie',
    { ...gate([lease(-31)]), ...processes(daemonProcess, { ...harnessProcess, state: 'Z' }) },
    ['pass ok'],
  ],
  ['late, of no session', { ...gate([lease(-31, { sessionId: null })]), ...processes(daemonProcess) }, ['pass ok']],
  ['a malformed writer', gate([lease(null, { state: 'malformed' })]), ['warn malformed']],
  ['a malformed owner', gate([], { owner: lease(null, { state: 'malformed' }) }), ['fail malformed']],
  ['a valid owner', gate([], { owner: lease(60) }), ['pass ok']],
  ['an unreadable writer', gate([lease(null, { state: 'unreadable' })]), ['unknown undetermined']],
  ['an unreadable owner', gate([], { owner: lease(null, { state: 'unreadable' }) }), ['unknown undetermined']],
  ['an unreadable gate', gate([], { gate: 'unreadable' }), ['unknown undetermined']],
  ['a gate on a network file system', gate([], { gate: 'remote' }), ['unknown undetermined']],
  [
    'a lock that is held',
    gate([lease(60)], { held: { path: '/p/.git/lock', pid: 7, command: 'flock', watchedMs: 2100 } }),
    ['fail held'],
  ],
  ['a writer of an hour', gate([lease(hour)]), ['pass ok']],
  ['a second more', gate([lease(60), lease(hour + 1)]), ['warn far-future']],
  ['an owner of a day', gate([], { owner: lease(24 * hour) }), ['pass ok']],
  ['an owner of a second more', gate([], { owner: lease(24 * hour + 1) }), ['fail far-future']],
  ['more leases than are read', gate([lease(60)], { writersAtLeast: 500 }), ['unknown undetermined']],
  [
    'all of it',
    {
      ...gate([lease(null, { state: 'malformed' }), lease(-99), lease(null, { state: 'unreadable' })], {
        owner: lease(null, { state: 'malformed' }),
      }),
      ...processes(daemonProcess, harnessProcess),
    },
    ['fail malformed', 'warn malformed', 'warn expired', 'unknown undetermined'],
  ],
]);

const automation: Observations['sessions.automations']['automations'][number] = {
  called: 'nightly',
  active: true,
  fault: null,
  folder: { path: '/srv/site', state: 'there' },
  harness: { called: 'codex', state: 'there' },
  familiar: null,
  quarantinedAt: null,
  failed: 0,
  runs: 4,
  lastAt: null,
  sessionId: null,
  failure: null,
  reason: null,
  overdueSince: null,
};
const automations = (...list: readonly Partial<typeof automation>[]): Changes => ({
  'sessions.automations': { automations: list.map((one) => ({ ...automation, ...one })) },
});
const lastSweep = (failed: boolean, failures: number | null): Changes => ({
  'sessions.automations': { lastSweep: { at: ago(hour), failed, failures } },
});

judges(sessionsAutomations, [
  ['none', {}, ['pass ok']],
  ['one that can run', automations({}), ['pass ok']],
  ['rows that cannot be read', unreadable, ['skip sessions-unread']],
  ['a paused one without its folder', automations({ active: false, folder: null }), ['pass ok']],
  ['one without its folder', automations({ folder: { path: '/gone', state: 'absent' } }), ['fail no-folder']],
  ['two of them', automations({ folder: null }, { folder: null }), ['fail no-folder']],
  [
    'one in a folder that cannot be seen',
    automations({ folder: { path: '/n', state: 'unseen' } }),
    ['skipped not-seen'],
  ],
  ['one without a harness', automations({ harness: { called: 'x', state: 'unknown' } }), ['fail no-harness']],
  ['one without its familiar', automations({ familiar: { called: 'x', state: 'absent' } }), ['fail no-familiar']],
  [
    'a paused one that was changed',
    automations({ active: false, fault: 'altered' }),
    ['fail altered ! ledger-cannot-open'],
  ],
  [
    'one that cannot be parsed',
    automations({ fault: 'unreadable', folder: null }),
    ['fail altered ! ledger-cannot-open'],
  ],
  ['one without a schedule', automations({ fault: 'no-schedule', folder: null }), ['fail no-schedule']],
  ['an invalid one', automations({ active: false, fault: 'invalid' }), ['warn invalid']],
  ['one in quarantine', automations({ quarantinedAt: ago(day) }), ['fail quarantined']],
  ['one that failed twice in a row', automations({ failed: 2 }), ['pass ok']],
  ['one that failed three times in a row', automations({ failed: 3 }), ['warn failing']],
  ['one that failed both times', automations({ failed: 2, runs: 2 }), ['warn failing']],
  ['one that failed the first time', automations({ failed: 1, runs: 1 }), ['pass ok']],
  ['one that was not started', automations({ failed: 1, failure: 'launch_refused' }), ['warn failing']],
  ['a run over its time', automations({ overdueSince: ago(hour) }), ['warn overdue']],
  ['a run that is just over its time', automations({ overdueSince: ago(5 * minute) }), ['pass ok']],
  whenStopped('a run over its time', automations({ overdueSince: ago(hour) }), ['pass ok']),
  ['a pass that failed', lastSweep(true, null), ['warn pass-failed']],
  ['a pass that left one out', lastSweep(false, 1), ['warn pass-failed']],
  [
    'one whose definition was not read',
    automations({ fault: 'too-large', folder: null, harness: null }),
    ['unknown undetermined'],
  ],
  ...(['definitions', 'more', 'runs', 'last-pass'] as const).map((unread): [string, Changes, string[]] => [
    `not all of them: ${unread}`,
    { 'sessions.automations': { complete: false, unread } },
    ['unknown undetermined'],
  ]),
  ['a pass without a failure', lastSweep(false, 0), ['pass ok']],
]);
