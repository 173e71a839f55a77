import { upgradedCapabilities } from '../../checks/upgraded-capabilities.ts';
import { upgradedLedger } from '../../checks/upgraded-ledger.ts';
import { upgradedSessions } from '../../checks/upgraded-sessions.ts';
import { upgradedState } from '../../checks/upgraded-state.ts';
import { upgradedVersion } from '../../checks/upgraded-version.ts';
import { ago, body, type Changes, daemonProcess, day, hour, minute, now } from '../../fixtures/seen.ts';
import { savedState } from '../../fixtures/upgrade-state.ts';
import type { Observations, TableRows } from '../../src/model/observation.ts';
import type { DaemonState, UpgradeState } from '../../src/upgrade/state.ts';
import { judges, whenStopped } from './table.ts';

const before: UpgradeState = { ...savedState, at: ago(10 * minute) };
const daemonBefore = before.daemon as DaemonState;
const wants = (targetVersion: string | null): UpgradeState => ({
  ...before,
  requirements: { ...before.requirements, targetVersion },
});

judges(upgradedState(null), [['no state', {}, ['skipped no-state']]]);
judges(upgradedState(before), [['of ten minutes ago', {}, ['pass ok']]]);
judges(upgradedState({ ...before, at: ago(day) }), [['of a day ago', {}, ['pass ok']]]);
judges(upgradedState({ ...before, at: ago(day + 1) }), [['older', {}, ['warn old']]]);
judges(upgradedState({ ...before, at: ago(-60) }), [['a minute ahead, as after a clock was set', {}, ['pass ok']]]);
judges(upgradedState({ ...before, at: ago(-61) }), [['of the future', {}, ['unknown undetermined']]]);
judges(upgradedState({ ...before, at: 'x' }), [['without a time', {}, ['unknown undetermined']]]);

const of = (covenVersion: string | null): Changes => body({ covenVersion });
const sameProcess: Changes = {
  machine: { bootId: 'b' },
  processes: { list: [{ ...daemonProcess, startTicks: '17' }] },
};
judges(upgradedVersion(null), [['no state', {}, ['skipped no-state']]]);
judges(upgradedVersion(before), [
  ['another process of that version', of('0.4.7'), ['pass ok']],
  ['of another version', of('0.4.8'), ['fail wrong-version']],
  ['of an older one', of('0.4.5'), ['fail older']],
  ['of the one before', of('0.4.6'), ['fail wrong-version']],
  ['of an unknown one', of(null), ['unknown no-version']],
  ['the same process', { ...of('0.4.7'), ...sameProcess }, ['fail not-restarted']],
  ['the same number after another boot', { ...of('0.4.7'), ...sameProcess, machine: { bootId: 'c' } }, ['pass ok']],
  [
    'the same number, begun at another time',
    { ...of('0.4.7'), machine: { bootId: 'b' }, processes: { list: [daemonProcess] } },
    ['pass ok'],
  ],
  whenStopped('no daemon', {}, ['fail not-running ! health-failed']),
  ['a daemon that hangs', { 'daemon.health': { outcome: 'no-bytes', body: null } }, ['unknown no-answer']],
]);
judges(upgradedVersion({ ...before, daemon: { ...daemonBefore, process: null, startedAt: ago(2 * hour) } }), [
  ['the same time of its start', of('0.4.7'), ['fail not-restarted']],
  ['another time of its start', body({ covenVersion: '0.4.7', startedAt: ago(minute) }), ['pass ok']],
]);
judges(upgradedVersion({ ...before, daemon: { ...daemonBefore, process: null, startedAt: null } }), [
  ['no time of its start', body({ covenVersion: '0.4.7', startedAt: null }), ['pass ok']],
]);
judges(upgradedVersion(wants(null)), [
  ['newer than before', of('0.4.7'), ['pass ok']],
  ['as before', of('0.4.6'), ['fail same-version']],
  ['unknown', of(null), ['unknown no-version']],
]);
judges(upgradedVersion({ ...wants(null), daemon: 'none' }), [
  ['none ran before, and what was installed runs', of('0.4.6'), ['fail same-version']],
  ['none ran before, and a newer one runs', of('0.4.7'), ['pass ok']],
]);
judges(upgradedVersion({ ...wants(null), daemon: null }), [
  ['it could not be seen before', of('0.4.7'), ['unknown no-version']],
]);

const holds = (capabilities: object, catalogue: readonly string[] | null = ['coven.sessions']): Changes => ({
  ...body({ capabilities: capabilities as never }),
  'daemon.capabilities': { outcome: catalogue ? 'answered' : 'no-bytes', body: catalogue },
});
judges(upgradedCapabilities(null), [['no state', {}, ['skipped no-state']]]);
judges(upgradedCapabilities({ ...before, daemon: 'none' }), [['no daemon before', {}, ['skipped no-daemon-before']]]);
judges(upgradedCapabilities({ ...before, daemon: null }), [['unseen before', {}, ['unknown unseen-before']]]);
judges(upgradedCapabilities(before), [
  ['all of before', holds({ sessions: true }), ['pass ok']],
  ['and more', holds({ sessions: true, flight: 1 }, ['coven.sessions', 'coven.flight']), ['pass ok']],
  ['one is gone', holds({}), ['fail lost']],
  ['one of the catalogue is gone', holds({ sessions: true }, []), ['fail lost']],
  ['one that is required is another', holds({ sessions: 'some' }), ['fail changed']],
  ['no catalogue', holds({ sessions: true }, null), ['unknown unanswered']],
  ['one is gone, and no catalogue', holds({}, null), ['fail lost', 'unknown unanswered']],
  whenStopped('no daemon', {}, ['unknown no-answer']),
]);
judges(upgradedCapabilities({ ...before, requirements: { ...before.requirements, capabilities: [] } }), [
  ['one that nobody requires is another', holds({ sessions: 'some' }), ['warn changed']],
]);
judges(
  upgradedCapabilities({
    ...before,
    daemon: { ...daemonBefore, capabilities: ['sessions', 'flight'].map((name) => ({ name, value: 'true' })) },
  }),
  [
    [
      'one that is required is another, and one that nobody requires',
      holds({ sessions: 'some', flight: 'some' }),
      ['fail changed'],
    ],
    ['one that nobody requires is', holds({ sessions: true, flight: 'some' }), ['warn changed']],
  ],
);
judges(upgradedCapabilities({ ...before, daemon: { ...daemonBefore, catalogue: null } }), [
  ['no catalogue before', holds({ sessions: true }, ['coven.sessions']), ['pass ok']],
  ['no catalogue then and now', holds({ sessions: true }, null), ['pass ok']],
]);

const table = (name: string, more: Partial<TableRows> = {}): TableRows => ({
  table: name,
  rows: 100,
  firstRowid: 1,
  lastRowid: 100,
  sample: [
    { rowid: 1, id: 'a', at: ago(40 * day) },
    { rowid: 50, id: 'b', at: ago(20 * day) },
    { rowid: 100, id: 'c', at: ago(hour) },
  ],
  ...more,
});
const ledgerOf = (events: Partial<TableRows> = {}, sessions: Partial<TableRows> = {}): UpgradeState => ({
  ...before,
  ledger: { dev: '1', ino: '3', tables: [table('events', events), table('sessions', sessions)] },
});
const counted = (events: Partial<TableRows> = {}, sessions: Partial<TableRows> = {}): Changes => ({
  'store.rows': { tables: [table('events', events), table('sessions', sessions)] },
});
const file = (more: object): Changes => ({
  'home.entries': {
    list: [
      {
        name: 'coven.sqlite3',
        kind: 'file',
        mode: 0,
        uid: 1000,
        size: 1,
        links: 1,
        dev: '1',
        ino: '3',
        modifiedAt: now,
        ...more,
      },
    ],
  },
});
const prunedAt = (lastPruneAt: string): Changes => body({ lastPruneAt });
/** Events up to this rowid are gone. */
const since = (firstRowid: number, more: Partial<TableRows> = {}) => ({
  rows: 101 - firstRowid,
  firstRowid,
  sample: table('events').sample.filter(({ rowid }) => rowid >= firstRowid),
  ...more,
});
judges(upgradedLedger(null), [['no state', {}, ['skipped no-state']]]);
judges(upgradedLedger({ ...before, ledger: 'none' }), [['no ledger before', {}, ['skipped no-ledger-before']]]);
judges(upgradedLedger({ ...before, ledger: null }), [['unseen before', {}, ['unknown unseen-before']]]);
judges(upgradedLedger(ledgerOf()), [
  ['as before', counted(), ['pass ok']],
  [
    'rows that cannot be read',
    { 'store.rows': { outcome: 'failed', code: 'SQLITE_CORRUPT' } },
    ['unknown undetermined'],
  ],
  ['more rows', counted({ rows: 110, lastRowid: 110 }, { rows: 101, lastRowid: 101 }), ['pass ok']],
  ['a session is gone', counted({}, { rows: 99 }), ['fail rows-lost']],
  ['an event is gone', counted({ rows: 99 }), ['fail rows-lost']],
  ['one is gone among new ones', counted({ rows: 109, lastRowid: 110 }), ['fail rows-lost']],
  ['the table is gone', { 'store.rows': { tables: [table('sessions')] } }, ['fail rows-lost']],
  [
    'other rows in their places',
    counted({}, { sample: [{ rowid: 50, id: 'other', at: ago(20 * day) }] }),
    ['fail other-rows'],
  ],
  ['the same file', { ...counted(), ...file({}) }, ['pass ok']],
  ['another file', { ...counted(), ...file({ ino: '4' }) }, ['warn replaced']],
  ['another device', { ...counted(), ...file({ dev: '4' }) }, ['warn replaced']],
  ['the oldest event is gone, and none was removed by the daemon', counted(since(2)), ['fail rows-lost']],
  ['the daemon removed it, being 40 days old', { ...counted(since(2)), ...prunedAt(ago(minute)) }, ['pass ok']],
  ['the daemon removed some before that', { ...counted(since(2)), ...prunedAt(ago(11 * minute)) }, ['fail rows-lost']],
  ['it removed some at that very time', { ...counted(since(2)), ...prunedAt(ago(10 * minute)) }, ['pass ok']],
  [
    'one of 20 days went with it, under 30',
    { ...counted(since(60)), ...prunedAt(ago(minute)) },
    ['unknown not-explained'],
  ],
  [
    'more are gone than the oldest ones',
    { ...counted({ ...since(2), rows: 98 }), ...prunedAt(ago(minute)) },
    ['unknown not-explained'],
  ],
  [
    'a session is gone, whatever was removed',
    { ...counted({}, { rows: 99, firstRowid: 2 }), ...prunedAt(ago(minute)) },
    ['fail rows-lost'],
  ],
]);
/** Events whose first and last ones that are gone were written then. */
const goneSince = (first: string, last: string): UpgradeState => {
  const sample = [
    { rowid: 1, id: 'a', at: first },
    { rowid: 2, id: 'b', at: last },
    { rowid: 100, id: 'c', at: ago(hour) },
  ];
  return ledgerOf({ sample });
};
const pruned = { ...counted(since(3, { sample: [] })), ...prunedAt(ago(minute)) };
judges(upgradedLedger(goneSince(ago(40 * day), ago(30 * day))), [
  ['what was 30 days old is gone', pruned, ['pass ok']],
]);
judges(upgradedLedger(goneSince(ago(40 * day), ago(30 * day - minute))), [
  ['what was 30 days old but for two minutes, which are allowed', pruned, ['pass ok']],
]);
judges(upgradedLedger(goneSince(ago(40 * day), ago(30 * day - minute - 1))), [
  ['what was a second younger', pruned, ['unknown not-explained']],
]);
judges(upgradedLedger(ledgerOf()), [
  ['those before the first of 20 days are gone', { ...counted(since(50)), ...prunedAt(ago(minute)) }, ['pass ok']],
]);
const none: Partial<TableRows> = { rows: 0, firstRowid: null, lastRowid: null, sample: [] };
judges(upgradedLedger(goneSince(ago(50 * day), ago(40 * day))), [
  [
    'all are gone, and the last was of an hour',
    { ...counted(none), ...prunedAt(ago(minute)) },
    ['unknown not-explained'],
  ],
]);
judges(
  upgradedLedger(ledgerOf({ sample: [1, 100].map((rowid) => ({ rowid, id: String(rowid), at: ago(40 * day) })) })),
  [['all are gone, and all were past their time', { ...counted(none), ...prunedAt(ago(minute)) }, ['pass ok']]],
);
judges(upgradedLedger(ledgerOf(none)), [
  ['a table without rows is gone', { 'store.rows': { tables: [table('sessions')] } }, ['pass ok']],
]);
judges(upgradedLedger({ ...before, ledger: { dev: '1', ino: '3', tables: [table('sessions')] } }), [
  ['a table is new', counted(), ['pass ok']],
]);
const young = [
  { rowid: 1, id: 'a', at: ago(5 * day) },
  { rowid: 100, id: 'c', at: ago(hour) },
];
judges(upgradedLedger(ledgerOf({ sample: young })), [
  ['a shorter time is configured', { ...counted(since(2, { sample: [] })), ...prunedAt(ago(minute)) }, ['pass ok']],
]);
judges(upgradedLedger(ledgerOf({ sample: [{ rowid: 1, id: 'a', at: ago(hour) }] })), [
  [
    'none is shorter than a day',
    { ...counted(since(2, { sample: [] })), ...prunedAt(ago(minute)) },
    ['unknown not-explained'],
  ],
]);

type SessionOpen = NonNullable<UpgradeState['sessions']>['open'][number];
const was = (...open: readonly SessionOpen[]): UpgradeState => ({
  ...before,
  sessions: { byStatus: [], open, openComplete: true },
});
const one = (status: string, standing: SessionOpen['standing']): SessionOpen => ({ id: 'session-1', status, standing });
const is = (status: string | null, more: Partial<Observations['store.rows']> = {}): Changes => ({
  'store.rows': {
    changed: status === null ? [] : [{ id: 'session-1', status, updatedAt: now }],
    ...more,
  },
});
judges(upgradedSessions(null), [['no state', {}, ['skipped no-state']]]);
judges(upgradedSessions({ ...before, ledger: 'none' }), [['no ledger before', {}, ['skipped no-ledger-before']]]);
judges(upgradedSessions({ ...before, sessions: null }), [['unseen before', {}, ['unknown unseen-before']]]);
judges(upgradedSessions(was()), [
  ['none was open', is(null), ['pass ok']],
  ['rows that cannot be read', is(null, { outcome: 'failed' }), ['unknown undetermined']],
  ['sessions that cannot be read', { 'store.sessions': { outcome: 'failed' } }, ['unknown undetermined']],
]);
judges(upgradedSessions({ ...before, sessions: { byStatus: [], open: [], openComplete: false } }), [
  ['more were open than were listed', is(null), ['unknown undetermined']],
]);
for (const [session, fates] of [
  [
    one('running', 'live'),
    {
      running: 'pass ok',
      completed: 'pass ok',
      failed: 'warn interrupted',
      orphaned: 'warn interrupted',
      created: 'warn unexplained',
    },
  ],
  [one('running', 'unowned'), { running: 'pass ok', failed: 'pass ok', orphaned: 'warn interrupted' }],
  [one('running', 'gone'), { running: 'pass ok', orphaned: 'pass ok', failed: 'pass ok' }],
  [one('running', 'external'), { running: 'pass ok', orphaned: 'warn unexplained', completed: 'pass ok' }],
  [one('created', 'created'), { created: 'pass ok', running: 'pass ok', failed: 'pass ok' }],
] as const) {
  judges(upgradedSessions(was(session)), [
    ...Object.entries(fates).map(([to, said]) => [`${session.standing}: now ${to}`, is(to), [said]] as const),
    [`${session.standing}: gone`, is(null), ['fail lost']],
    [
      `${session.standing}: not among those that changed last`,
      is(null, { changedComplete: false }),
      ['unknown undetermined'],
    ],
  ]);
}
judges(upgradedSessions(was(one('running', 'live'))), [
  [
    'it is open still, whatever changed last',
    {
      ...is('orphaned'),
      'store.sessions': {
        open: [
          { id: 'session-1', status: 'running', harness: 'codex', createdAt: now, updatedAt: now, external: false },
        ],
      },
    },
    ['pass ok'],
  ],
]);
