import { expect, it } from 'vitest';
import { storeContent } from '../../checks/store-content.ts';
import { storeIndex } from '../../checks/store-index.ts';
import { storeIntegrity } from '../../checks/store-integrity.ts';
import { storeOpen } from '../../checks/store-open.ts';
import { storeSchema } from '../../checks/store-schema.ts';
import { storeWal } from '../../checks/store-wal.ts';
import { ago, type Changes, changed, day, healthy, hour, mebibyte } from '../../fixtures/seen.ts';
import type {
  Observations,
  PageBytes,
  PageProblem,
  StoreIntegrity,
  TableReading,
  WalBytes,
} from '../../src/model/observation.ts';
import { judges, whenStopped } from './table.ts';

const file = { kind: 'file', size: 655_360, mode: 0o600, readable: true } as const;
const absent = { kind: 'absent', size: 0, mode: null, readable: false } as const;
const opens = (outcome: string, code: string | null = null): Changes => ({
  'store.open': { outcome: outcome as never, code },
});
const files = (more: Changes['store.files']): Changes => ({ 'store.files': more ?? {} });
const writer = (pid: number): Changes => ({
  'home.locks': { ...healthy['home.locks'], ledgerWriter: { pid, watchedMs: 1000 } },
});

judges(storeOpen, [
  ['it opens', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['none yet', { ...opens('missing'), ...files({ main: absent, sessionsExpected: false }) }, ['pass ok']],
  ['an empty one, as new', { ...opens('empty'), ...files({ sessionsExpected: false }) }, ['pass ok']],
  ['gone where sessions were', { ...opens('missing'), ...files({ main: absent }) }, ['fail missing']],
  [
    'gone beside a WAL',
    { ...opens('missing'), ...files({ main: absent, wal: file }) },
    ['fail missing ! ledger-cannot-open'],
  ],
  ['emptied where sessions were', opens('empty'), ['fail empty']],
  ['emptied beside a WAL', { ...opens('empty'), ...files({ wal: file }) }, ['fail empty ! ledger-cannot-open']],
  ['a folder', opens('not-a-file'), ['fail not-a-file ! ledger-cannot-open']],
  ['no database', opens('not-a-database'), ['fail not-a-database ! ledger-cannot-open']],
  ['malformed', opens('malformed'), ['fail malformed ! ledger-cannot-open']],
  ['it may not be read', opens('unreadable', 'EACCES'), ['fail unreadable ! ledger-cannot-open']],
  ['there is no memory to read it', opens('unreadable', 'SQLITE_NOMEM'), ['unknown undetermined']],
  ['there is no room to read it from', opens('unreadable', 'DOCTOR_NO_SCRATCH'), ['unknown undetermined']],
  ['it must not be opened', opens('forbidden', 'WAL_NOT_A_FILE'), ['unknown undetermined']],
  ['a folder as shared memory', files({ shm: { ...file, kind: 'directory' } }), ['fail parts-not-files']],
  [
    'a link as WAL, which is not followed',
    { ...opens('forbidden', 'WAL_NOT_A_FILE'), ...files({ wal: { ...file, kind: 'symlink' } }) },
    ['fail parts-not-files'],
  ],
  [
    'a link as rollback journal, which SQLite passes over',
    files({ journal: { ...file, kind: 'symlink' } }),
    ['pass ok'],
  ],
  [
    'a rollback journal that would be played back',
    files({ journal: file, hotJournal: { pages: 3, ledgerPages: 160 } }),
    ['fail hot-journal ! ledger-cannot-open'],
  ],
  [
    'the same beside a single byte',
    files({ main: { ...file, size: 1 }, journal: file, hotJournal: { pages: 3, ledgerPages: 160 } }),
    ['fail hot-journal ! ledger-cannot-open'],
  ],
  [
    'the same beside an empty ledger',
    {
      ...opens('empty'),
      ...files({ main: { ...file, size: 0 }, journal: file, hotJournal: { pages: 3, ledgerPages: 160 } }),
    },
    ['fail empty'],
  ],
  [
    'gone beside a WAL of a byte',
    { ...opens('missing'), ...files({ main: absent, wal: { ...file, size: 1 } }) },
    ['fail missing ! ledger-cannot-open'],
  ],
  ['locked', opens('busy'), ['fail busy']],
  ['its daemon writes', writer(4242), ['warn busy']],
  ['another process writes', writer(77), ['fail busy']],
  [
    'its daemon writes, and hangs',
    { ...writer(4242), 'daemon.health': { outcome: 'no-bytes', body: null } },
    ['pass ok'],
  ],
  whenStopped(
    'another process writes, and no daemon runs',
    { 'home.locks': { ledgerWriter: { pid: 77, watchedMs: 1 } } },
    ['fail busy'],
  ),
]);

const map = healthy['store.bytes'].map as PageBytes;
const mapped = (more: Partial<PageBytes>): Changes => ({ 'store.bytes': { map: { ...map, ...more } } });
const problem = (more: Partial<PageProblem> = {}): PageProblem => ({
  kind: 'twice',
  text: 'page 7 is used twice',
  table: 'events',
  search: false,
  ...more,
});
const inPages = (...problems: readonly PageProblem[]): Changes => mapped({ problems, problemCount: problems.length });
const table = (more: Partial<TableReading> = {}): TableReading => ({
  table: 'events',
  rowsRead: 1,
  rowsAbout: 2,
  complete: true,
  problem: null,
  ...more,
});
const sql = (more: Partial<StoreIntegrity>): Changes => ({ 'store.integrity': more });
const deep = sql({ depth: 'whole' });

judges(storeIntegrity, [
  ['all of it was read', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['no ledger', opens('missing'), ['skip no-ledger']],
  ["another ledger's WAL", { 'store.open': { walForeign: true } }, ['skip wal-foreign']],
  ['a page of two owners', inPages(problem()), ['fail corrupt ! ledger-cannot-open']],
  ['a damaged page of no known table', inPages(problem({ table: null })), ['fail corrupt ! ledger-cannot-open']],
  ['a damaged page of the full-text index', inPages(problem({ search: true })), ['pass ok']],
  ['both', inPages(problem({ search: true }), problem()), ['fail corrupt ! ledger-cannot-open']],
  ['what SQLite finds', sql({ problems: ['row 1 missing'] }), ['fail corrupt ! ledger-cannot-open']],
  [
    'a table that does not read',
    sql({ tables: [table({ problem: 'SQLITE_CORRUPT' })] }),
    ['fail corrupt ! ledger-cannot-open'],
  ],
  ['a table that was not read to its end', sql({ tables: [table({ complete: false })], complete: false }), ['pass ok']],
  [
    'its bytes were not read',
    { 'store.bytes': { outcome: 'not-read', code: 'moving', map: null } },
    ['unknown undetermined'],
  ],
  ['not every pointer was followed', mapped({ mapped: false }), ['unknown undetermined']],
  ['not every page was read', mapped({ whole: false }), ['pass ok']],
  ['all of it was asked for, and read', deep, ['pass ok']],
  [
    'all of it was asked for, and not every page was read',
    { ...deep, ...mapped({ whole: false }) },
    ['unknown unfinished'],
  ],
  [
    'all of it was asked for, and not every row was read',
    sql({ depth: 'whole', complete: false }),
    ['unknown unfinished'],
  ],
  [
    'all of it was asked for, and damage of the full-text index kept pages from being read',
    { ...deep, ...mapped({ whole: false, mapped: false, problems: [problem({ search: true })], problemCount: 1 }) },
    ['pass ok'],
  ],
]);

judges(storeIndex, [
  ['they agree', {}, ['pass ok']],
  ['no ledger', opens('missing'), ['skip no-ledger']],
  ['not compared', sql({ search: null }), ['skipped not-checked']],
  ['one does not agree', sql({ indexProblems: ['row 7 missing from index a'] }), ['warn index-mismatch']],
  [
    'one has another number of entries, and lacks some',
    sql({ indexProblems: ['row 7 missing from index a', 'wrong # of entries in index a'] }),
    ['warn index-mismatch'],
  ],
  [
    'one has entries of rows that its table does not have',
    sql({ indexProblems: ['row 7 missing from index ab', 'wrong # of entries in index a'] }),
    ['fail index-mismatch'],
  ],
  [
    'one does not agree, and the search was not compared',
    sql({ indexProblems: ['x'], search: null }),
    ['warn index-mismatch'],
  ],
  [
    'an event cannot be found',
    sql({ search: { rows: 5, indexed: 4, damaged: false, agrees: false, differing: 0 } }),
    ['warn search-index'],
  ],
  [
    'the full-text index is damaged',
    sql({ search: { rows: 5, indexed: 5, damaged: true, agrees: null, differing: null } }),
    ['warn search-index'],
  ],
  [
    'an event has other words there',
    sql({ search: { rows: 5, indexed: 5, damaged: false, agrees: false, differing: 1 } }),
    ['warn search-index'],
  ],
  ['its pages are', inPages(problem({ search: true })), ['warn search-index']],
  [
    'its pages are, and it was not compared',
    { ...inPages(problem({ search: true })), ...sql({ search: null }) },
    ['warn search-index'],
  ],
  [
    'both',
    sql({ indexProblems: ['x'], search: { rows: 5, indexed: 4, damaged: false, agrees: false, differing: 0 } }),
    ['warn index-mismatch', 'warn search-index'],
  ],
  ['the tables are damaged', sql({ indexProblems: ['x'], problems: ['y'] }), ['skipped ledger-damaged']],
  [
    'a table does not read',
    sql({ indexProblems: ['x'], tables: [table({ problem: 'y' })] }),
    ['skipped ledger-damaged'],
  ],
  ['the pages are damaged', { ...inPages(problem()), ...sql({ indexProblems: ['x'] }) }, ['skipped ledger-damaged']],
]);

const sound: WalBytes = {
  state: 'sound',
  frames: 10,
  complete: true,
  visibleCommits: 3,
  hiddenCommits: 0,
  firstDamaged: null,
  tornCommits: 0,
  foreign: false,
};
const wal = (more: Partial<WalBytes>, size = 4096): Changes => ({
  ...files({ wal: { ...file, size }, walState: 'valid', walPageSize: 4096 }),
  'store.bytes': { wal: { ...sound, ...more } },
});
judges(storeWal, [
  ['nothing in it', {}, ['pass ok']],
  ['no home', { home: { kind: 'absent' } }, ['skip no-home']],
  ['commits that SQLite takes', wal({}), ['pass ok']],
  ['its ledger is gone', { ...wal({}), ...opens('missing') }, ['fail alone']],
  ['its ledger was emptied', { ...wal({}), ...opens('empty') }, ['fail alone']],
  ['of another ledger', { ...wal({}), 'store.open': { walForeign: true } }, ['fail foreign ! ledger-cannot-open']],
  ['of a fork of this one', wal({ foreign: true }), ['fail foreign ! ledger-cannot-open']],
  [
    'of another page size',
    { ...wal({}), ...files({ wal: file, walState: 'valid', walPageSize: 8192 }) },
    ['fail foreign ! ledger-cannot-open'],
  ],
  ['commits behind a damaged frame', wal({ hiddenCommits: 1, firstDamaged: 4 }), ['fail torn ! ledger-cannot-open']],
  [
    'commits behind a damaged header',
    wal({ state: 'headless', visibleCommits: 0, hiddenCommits: 3 }),
    ['fail torn ! ledger-cannot-open'],
  ],
  ['its only commit is damaged', wal({ visibleCommits: 0, tornCommits: 1 }), ['fail torn ! ledger-cannot-open']],
  ['its last commit is damaged', wal({ tornCommits: 1 }), ['warn torn']],
  ['shared memory is of another WAL', { ...wal({}), 'store.bytes': { wal: sound, strayFrames: 7 } }, ['warn cut']],
  [
    'shared memory is of another WAL by a frame',
    { ...wal({}), 'store.bytes': { wal: sound, strayFrames: 1 } },
    ['warn cut'],
  ],
  ['gone, as shared memory tells', { 'store.bytes': { lostFrames: 7 } }, ['fail cut ! ledger-cannot-open']],
  [
    'its last commit is damaged, and shared memory counts it',
    { ...wal({ tornCommits: 1 }), 'store.bytes': { wal: { ...sound, tornCommits: 1 }, lostFrames: 2 } },
    ['fail cut ! ledger-cannot-open'],
  ],
  ['no frame in it carries its checksum', wal({ state: 'noise', frames: 0, visibleCommits: 0 }), ['warn torn']],
  [
    'its bytes were not read, and its beginning is damaged',
    {
      ...files({ wal: file, walState: 'torn' }),
      'store.bytes': { outcome: 'not-read', wal: null },
    },
    ['warn torn'],
  ],
  ['256 MiB', wal({}, 256 * mebibyte), ['pass ok']],
  ['larger', wal({}, 256 * mebibyte + 1), ['warn large']],
  ['larger, and its last commit is damaged', wal({ tornCommits: 1 }, 256 * mebibyte + 1), ['warn torn', 'warn large']],
  ['it may not be read', files({ wal: { ...file, readable: false } }), ['unknown undetermined']],
  ['not all of it was read', wal({ complete: false }), ['unknown undetermined']],
  [
    'its bytes were not read',
    { ...wal({}), 'store.bytes': { outcome: 'not-read', wal: null } },
    ['unknown undetermined'],
  ],
  ['the ledger did not open', { ...wal({}), ...opens('malformed') }, ['skipped ledger-not-opened']],
  [
    'its bytes were not read, and there are none',
    { ...wal({}, 0), 'store.bytes': { outcome: 'not-read', wal: null } },
    ['pass ok'],
  ],
  [
    'its bytes were not read, and there is one',
    { ...wal({}, 1), 'store.bytes': { outcome: 'not-read', wal: null } },
    ['unknown undetermined'],
  ],
  [
    'the ledger did not open, and a byte is in it',
    { ...wal({}, 1), ...opens('malformed') },
    ['skipped ledger-not-opened'],
  ],
  ['the ledger did not open, and there is nothing in it', opens('malformed'), ['pass ok']],
]);

const columns = healthy['store.open'].columns;
const unfinished: Changes = {
  'store.open': { tables: ['sqlite_sequence', 'ward_audit'], columns: {} },
  ...sql({ tables: [table({ table: 'ward_audit', rowsRead: 0, rowsAbout: 0 })] }),
};
/** Records of two days, a key of so many seconds ago, and a home of as many. */
const keyOf = (keyAge: number, homeAge: number): Changes => {
  const [entry] = key(65)['home.entries']?.list ?? [];
  const list = entry && [
    { ...entry, modifiedAt: ago(keyAge) },
    { ...entry, name: 'state.lock', modifiedAt: ago(homeAge) },
  ];
  return { 'store.sessions': { artifacts: 2, oldestArtifactAt: ago(2 * day) }, 'home.entries': { list: list ?? [] } };
};
const key = (size: number): Changes => ({
  'home.entries': {
    list: [
      {
        ...{
          name: 'keys/session-artifacts.key',
          kind: 'file',
          mode: 0o600,
          uid: 1000,
          size,
          links: 1,
          dev: '1',
          ino: '9',
        },
        modifiedAt: '2026-11-20T10:00:00.000Z',
      },
    ],
  },
});
judges(storeSchema, [
  ['all of it', {}, ['pass ok']],
  ['no ledger', opens('missing'), ['skip no-ledger']],
  ['a table is missing', { 'store.open': { tables: ['sessions'] } }, ['fail missing-tables']],
  ['a column is missing', { 'store.open': { columns: { ...columns, events: ['id'] } } }, ['fail missing-columns']],
  [
    'a single column is',
    {
      'store.open': {
        columns: { ...columns, sessions: (columns.sessions ?? []).filter((name) => name !== 'harness') },
      },
    },
    ['fail missing-columns'],
  ],
  [
    'a table without known columns',
    { 'store.open': { columns: { sessions: columns.sessions ?? [] } } },
    ['fail missing-columns'],
  ],
  [
    'a table and a column',
    { 'store.open': { tables: ['sessions'], columns: { sessions: ['id'] } } },
    ['fail missing-tables', 'fail missing-columns'],
  ],
  ['no table with a row, and no core table', unfinished, ['pass ok']],
  ['no core table, and a row in another', { ...unfinished, ...sql({ tables: [table({})] }) }, ['fail missing-tables']],
  ['no core table, and the rest not counted', { ...unfinished, ...sql({ complete: false }) }, ['fail missing-tables']],
  [
    'a value that Coven cannot read',
    { 'store.sessions': { impossible: [{ id: 'a', rowid: 3, column: 'exit_code', holds: 'real' }] } },
    ['fail impossible-value'],
  ],
  ['encrypted records, and no key', { 'store.sessions': { artifacts: 2 } }, ['fail artifact-key-missing']],
  ['a key that is cut off', { 'store.sessions': { artifacts: 2 }, ...key(63) }, ['fail artifact-key-invalid']],
  ['a whole one', { 'store.sessions': { artifacts: 2 }, ...key(65) }, ['pass ok']],
  ['one that is newer than its records', keyOf(hour, 30 * day), ['warn artifact-key-replaced']],
  ['one that is as new as the rest of the home', keyOf(hour, hour), ['pass ok']],
  ['one that is older than its records', keyOf(3 * day, 30 * day), ['pass ok']],
  [
    'a folder in the place of the key',
    {
      'store.sessions': { artifacts: 2 },
      'home.entries': { list: (key(65)['home.entries']?.list ?? []).map((one) => ({ ...one, kind: 'directory' })) },
    },
    ['fail artifact-key-invalid'],
  ],
  [
    'more entries than were listed',
    { 'store.sessions': { artifacts: 2 }, 'home.entries': { complete: false } },
    ['pass ok'],
  ],
  [
    'a key that may not be seen',
    { 'store.sessions': { artifacts: 2 }, 'home.entries': { unreadable: ['keys/session-artifacts.key'] } },
    ['pass ok'],
  ],
  ['no records, and no key', { 'store.sessions': { artifacts: 0 } }, ['pass ok']],
  [
    'keys that may not be seen',
    { 'store.sessions': { artifacts: 2 }, 'home.entries': { unreadable: ['keys'] } },
    ['pass ok'],
  ],
  ['more than is known', { 'store.open': { tables: ['events', 'sessions', 'moods'] } }, ['pass ok']],
]);

it('a pass of the schema claims nothing of sessions that were not read in the time', async () => {
  const told = async (impossibleComplete: boolean): Promise<unknown> => {
    const seen = changed(healthy, { 'store.sessions': { impossibleComplete } });
    const findings = await storeSchema.judge(seen, new AbortController().signal);
    return findings.map(({ facts }) => facts.partly);
  };
  expect([await told(true), await told(false)]).toEqual([[false], [true]]);
});

const content = (more: Partial<Observations['store.sessions']['content']>): Changes => ({
  'store.sessions': { content: { unknownStatus: [], lost: [], sequenceAtEnd: false, largeEvent: null, ...more } },
});
judges(storeContent, [
  ['nothing of that', content({}), ['pass ok']],
  ['events that were not looked at', content({ lost: null, sequenceAtEnd: null }), ['pass ok']],
  [
    'a status that nobody writes',
    content({
      unknownStatus: [
        { id: 'b', status: 'idle' },
        { id: 'a', status: ' RUNNING' },
      ],
    }),
    ['warn unknown-status'],
  ],
  ['events of no session', content({ lost: ['a'] }), ['warn lost-session']],
  ['the last number', content({ sequenceAtEnd: true }), ['fail sequence-at-end']],
  ['an event that no answer holds', content({ largeEvent: { sessionId: 'a', bytes: 6e6 } }), ['warn event-too-large']],
  ['rows that cannot be read', { 'store.sessions': { outcome: 'failed' } }, ['skip sessions-unread']],
]);
