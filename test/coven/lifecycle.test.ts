import { describe, expect, it } from 'vitest';
import {
  ago,
  body,
  type Changes,
  changed,
  daemonProcess,
  healthy,
  mebibyte,
  stopped,
  stranger,
} from '../../fixtures/seen.ts';
import { judgeLifecycle } from '../../src/coven/lifecycle.ts';
import type { Entry, Observations } from '../../src/model/observation.ts';

interface Ways {
  readonly start?: string;
  readonly restart?: string;
  readonly stop?: string;
  readonly vacuum?: string;
}

/** What stands in the way of all four commands, or of start and restart, or of what opens the ledger, too. */
const all = (id: string): Ways => ({ start: id, restart: id, stop: id, vacuum: id });
const reach = (id: string): Ways => ({ start: id, restart: id, stop: id });
const ledger = (id: string): Ways => ({ start: id, restart: id, vacuum: id });
const begin = (id: string): Ways => ({ start: id, restart: id });

const entry = (more: Partial<Entry>): Changes => ({
  'home.entries': {
    list: [
      {
        name: 'state.lock',
        kind: 'file',
        mode: 0,
        uid: 1000,
        size: 0,
        links: 1,
        dev: '1',
        ino: '1',
        modifiedAt: ago(1),
        ...more,
      },
    ],
  },
});
const refused: Changes = {
  'daemon.socket': { kind: 'socket', mode: 0o600, uid: 1000, connect: 'refused', errno: null, looks: 1 },
};
const file = { kind: 'file', size: 5, mode: 0o600, readable: true } as const;
const recorded: Changes = { 'daemon.record': { ...healthy['daemon.record'] } };

const rows: readonly (readonly [what: string, base: Observations, seen: Changes, ways: Ways])[] = [
  ['a daemon at work', healthy, {}, {}],
  ['a daemon whose home was renamed', healthy, { 'daemon.record': { namedFolder: '/old' } }, reach('daemon')],
  ['none', stopped, {}, {}],
  ['no home yet', stopped, { home: { kind: 'absent', uid: null } }, {}],
  ['a home that is a file', stopped, { home: { kind: 'file' } }, all('home:path')],
  [
    'a home that was not meant',
    healthy,
    { home: { odd: { code: 'not-expanded', part: 'tilde', meant: '~/.coven' } } },
    { start: 'home:path' },
  ],
  ['a home whose name is no UTF-8', stopped, { home: { utf8: false } }, all('home:path')],
  ['a home of another user', stopped, { home: { uid: 0 } }, all('home:owner')],
  ['a lock of another user', stopped, entry({ uid: 0 }), all('home:owner')],
  ['another file of another user', stopped, entry({ name: 'notes', uid: 0 }), {}],
  ['a lock that is a folder', stopped, entry({ kind: 'directory' }), all('home:locks')],
  ['a lock with two names', stopped, entry({ links: 2 }), all('home:locks')],
  ['a reset that was cut off', stopped, entry({ name: 'reset-transaction.json' }), all('home:reset')],
  ['a read-only file system', stopped, { 'home.filesystem': { readOnly: true } }, all('home:filesystem')],

  [
    'an append-only home',
    stopped,
    { 'home.access': { closed: [{ name: '.', code: 'EPERM', attribute: 'append-only' }] } },
    all('home:access'),
  ],
  [
    'a limit on the size of files',
    stopped,
    { 'home.access': { closed: [], limits: { openFiles: 1024, fileBytes: 65_536, processes: null } } },
    begin('home:access'),
  ],
  ['no inode left', stopped, { 'home.disk': { freeInodes: 0 } }, begin('home:disk')],
  ['a thousand inodes left', stopped, { 'home.disk': { freeInodes: 1000 } }, {}],
  ['fewer than a thousand', stopped, { 'home.disk': { freeInodes: 999 } }, begin('home:disk')],
  ['a disk that counts no inodes', stopped, { 'home.disk': { freeInodes: 0, totalInodes: 0 } }, {}],
  ['a disk of one inode', stopped, { 'home.disk': { freeInodes: 0, totalInodes: 1 } }, begin('home:disk')],
  ['a home that cannot be made', stopped, { home: { kind: 'absent', uid: null, writable: false } }, all('home:path')],
  ['a home that is not listed as writable', stopped, { home: { writable: false } }, {}],
  [
    'state.lock that may not be opened',
    stopped,
    { 'home.access': { closed: [{ name: 'state.lock', code: 'EACCES' }] } },
    all('home:access'),
  ],
  [
    'a ledger that may not be opened',
    stopped,
    { 'home.access': { closed: [{ name: 'coven.sqlite3', code: 'EPERM' }] } },
    begin('home:access'),
  ],
  ['a home that may not be written to', stopped, { 'home.access': { closed: [{ name: '.', code: 'EACCES' }] } }, {}],
  ['a copy that Coven refuses', stopped, { 'store.rehearsal': { outcome: 'refused' } }, ledger('store:rehearsal')],
  ['a copy that it dies of', stopped, { 'store.rehearsal': { outcome: 'crashed' } }, ledger('store:rehearsal')],
  ['a copy that it opens', stopped, { 'store.rehearsal': { outcome: 'opened' } }, {}],
  [
    'an index that holds a row of no table',
    stopped,
    { 'store.integrity': { indexProblems: ['wrong # of entries in index idx_sessions_created_at'] } },
    ledger('store:index'),
  ],
  [
    'a lock that this daemon holds',
    healthy,
    { 'home.held': { held: [{ name: 'daemon-serve.lock', pid: 4242, command: 'coven', watchedMs: 6000 }] } },
    {},
  ],
  [
    'a lock that another one holds beside it',
    healthy,
    { 'home.held': { held: [{ name: 'daemon-serve.lock', pid: 77, command: 'coven', watchedMs: 6000 }] } },
    begin('home:locks'),
  ],
  [
    'a coven that cannot be run',
    stopped,
    { install: { broken: [{ path: '/usr/bin/coven', why: 'architecture' }] } },
    all('install:binaries'),
  ],
  ['a broken one behind it', stopped, { install: { broken: [{ path: '/opt/bin/coven', why: 'architecture' }] } }, {}],
  [
    'a coven that can be run before one that cannot',
    stopped,
    {
      install: {
        covens: [
          { path: '/usr/bin/coven', version: '0.4.6', ours: false, launcher: false } as never,
          { path: '/opt/bin/coven', version: null, ours: false, launcher: false } as never,
        ],
        broken: [{ path: '/opt/bin/coven', why: 'architecture' }],
      },
    },
    {},
  ],
  [
    'a launcher alone, and something else that cannot be run',
    stopped,
    {
      install: {
        covens: [{ path: '/opt/bin/coven', version: null, ours: false, launcher: true } as never],
        broken: [{ path: '/usr/bin/coven', why: 'dangling' }],
      },
    },
    {},
  ],
  [
    'a launcher before a coven that cannot be run',
    stopped,
    {
      install: {
        covens: [
          { path: '/opt/bin/coven', version: null, ours: false, launcher: true } as never,
          { path: '/usr/bin/coven', version: '0.4.6', ours: false, launcher: false } as never,
        ],
        broken: [{ path: '/usr/bin/coven', why: 'architecture' }],
      },
    },
    all('install:binaries'),
  ],
  [
    'a launcher of which nothing follows, and which cannot be run',
    stopped,
    {
      install: {
        covens: [{ path: '/opt/bin/coven', version: null, ours: false, launcher: true } as never],
        broken: [{ path: '/opt/bin/coven', why: 'no-doctor' }],
      },
    },
    all('install:binaries'),
  ],
  [
    'a link to nothing, and no other coven',
    stopped,
    { install: { covens: [], broken: [{ path: '/usr/bin/coven', why: 'dangling' }] } },
    all('install:binaries'),
  ],

  [
    'a socket of another type',
    stopped,
    { 'daemon.socket': { ...refused['daemon.socket'], connect: 'wrong-type' } },
    reach('daemon:socket'),
  ],
  ['a relay on the socket', healthy, { 'daemon.socket': { acceptedBy: 99 } }, reach('daemon:socket')],
  ['a stale socket', stopped, refused, {}],
  ['a file at the socket', stopped, { 'daemon.socket': { kind: 'file' } }, reach('daemon:socket')],
  [
    'a socket of another user',
    stopped,
    { 'daemon.socket': { ...refused['daemon.socket'], uid: 7 } },
    reach('daemon:socket'),
  ],
  [
    'an open socket',
    stopped,
    { 'daemon.socket': { ...refused['daemon.socket'], mode: 0o666 } },
    reach('daemon:socket'),
  ],
  ['a stranger who answers', healthy, { 'home.locks': { files: [] }, processes: { list: [] } }, reach('daemon:socket')],
  ['a record that cannot be read', stopped, { 'daemon.record': { state: 'too-large' } }, reach('daemon:record')],
  ['a record that is no JSON', stopped, { 'daemon.record': { state: 'invalid' } }, {}],
  ['a record of a pid that is gone', stopped, recorded, {}],
  [
    'a record of a zombie',
    stopped,
    { ...recorded, processes: { list: [{ ...stranger, pid: 4242, state: 'Z' }] } },
    reach('daemon:record'),
  ],
  ['a daemon that hangs', healthy, { 'daemon.health': { outcome: 'no-bytes', body: null } }, reach('daemon')],
  [
    'a daemon whose socket is gone',
    healthy,
    {
      'daemon.health': { outcome: 'unreachable', body: null },
      'daemon.socket': { kind: 'absent', mode: null, uid: null, connect: 'absent' },
    },
    reach('daemon'),
  ],
  ['two daemons', healthy, body({ pid: 5000 }), reach('daemon')],
  [
    'a daemon that cannot be told',
    stopped,
    { ...recorded, processes: { list: [{ ...daemonProcess, home: 'unreadable', role: 'other' }] } },
    reach('daemon'),
  ],
  [
    'an answer that is no JSON',
    healthy,
    { 'daemon.health': { outcome: 'not-json', body: null } },
    reach('daemon:health'),
  ],
  ['another contract', healthy, body({ apiVersion: 'coven.daemon.v2' }), reach('daemon:contract')],
  ['no structured errors', healthy, body({ capabilities: { structuredErrors: false } }), reach('daemon:capabilities')],
  ['no capabilities', healthy, body({ capabilities: null }), reach('daemon:capabilities')],

  ['the longest socket path', stopped, { home: { socketPathBytes: 107 } }, {}],
  ['a longer one', stopped, { home: { socketPathBytes: 108 } }, begin('home:path')],
  ['no ledger where there was one', stopped, { 'store.open': { outcome: 'missing' } }, ledger('store:open')],
  ['an empty one', stopped, { 'store.open': { outcome: 'empty' } }, ledger('store:open')],
  [
    'no ledger on a new home',
    stopped,
    { 'store.open': { outcome: 'missing' }, 'store.files': { sessionsExpected: false } },
    {},
  ],
  [
    'no ledger beside a WAL',
    stopped,
    { 'store.open': { outcome: 'missing' }, 'store.files': { sessionsExpected: false, wal: file } },
    ledger('store:open'),
  ],
  ...(['not-a-file', 'not-a-database', 'malformed'] as const).map(
    (outcome) => [`a ledger that is ${outcome}`, stopped, { 'store.open': { outcome } }, ledger('store:open')] as const,
  ),
  ['a ledger that is locked', stopped, { 'store.open': { outcome: 'busy' } }, ledger('store:open')],
  [
    'a ledger that its daemon has locked',
    healthy,
    { 'store.open': { outcome: 'busy' }, 'home.locks': { ledgerWriter: { pid: 4242, watchedMs: 1 } } },
    {},
  ],
  [
    'a ledger that another process has locked',
    healthy,
    { 'home.locks': { ledgerWriter: { pid: 77, watchedMs: 1 } } },
    ledger('store:open'),
  ],
  [
    'a ledger that may not be read',
    stopped,
    { 'store.files': { main: { ...file, readable: false } } },
    ledger('store:open'),
  ],
  ["another ledger's WAL", stopped, { 'store.open': { walForeign: true } }, ledger('store:wal')],
  [
    "another ledger's WAL, by which pages and rows are damaged",
    stopped,
    {
      'store.open': { walForeign: true, columns: {} },
      'store.bytes': { map: { ...healthy['store.bytes'].map, problemCount: 1 } as never },
      'store.integrity': { problems: ['row 1 missing'] },
    },
    ledger('store:wal'),
  ],
  [
    'a WAL of another page size',
    stopped,
    { 'store.files': { wal: { ...file, size: mebibyte }, walPageSize: 8192 } },
    ledger('store:wal'),
  ],
  ['a WAL of the same page size', stopped, { 'store.files': { wal: file, walPageSize: 4096 } }, {}],
  [
    'a missing table',
    stopped,
    { 'store.open': { columns: { sessions: healthy['store.open'].columns.sessions ?? [] } } },
    ledger('store:schema'),
  ],
  [
    'a missing column',
    stopped,
    { 'store.open': { columns: { ...healthy['store.open'].columns, events: ['id'] } } },
    ledger('store:schema'),
  ],
  [
    'a missing column of a ledger that did not open',
    stopped,
    { 'store.open': { columns: {}, outcome: 'unreadable', code: 'x' } },
    {},
  ],
  ['damaged pages', stopped, { 'store.integrity': { problems: ['x'] } }, ledger('store:integrity')],
  [
    'a damaged table',
    stopped,
    { 'store.integrity': { tables: [{ table: 'events', rowsRead: 0, rowsAbout: 1, complete: false, problem: 'x' }] } },
    ledger('store:integrity'),
  ],
  [
    'a table that was not read to its end',
    stopped,
    { 'store.integrity': { tables: [{ table: 'events', rowsRead: 0, rowsAbout: 1, complete: false, problem: null }] } },
    {},
  ],
];

describe('what is in the way of a command of Coven', () => {
  for (const [what, base, seen, ways] of rows) {
    it(what, () => {
      const lifecycle = judgeLifecycle(changed(base, seen));
      const said = Object.fromEntries(
        (['start', 'restart', 'stop', 'vacuum'] as const).flatMap((way) =>
          lifecycle && lifecycle[way].length > 0 ? [[way, lifecycle[way].join(', ')]] : [],
        ),
      );
      expect(said).toEqual(ways);
    });
  }

  it('names the daemon where it is seen as a process of this home', () => {
    expect(judgeLifecycle(healthy)?.pid).toBe(4242);
    for (const more of [{ role: 'other' }, { home: 'other' }] as const)
      expect(
        judgeLifecycle(changed(healthy, { processes: { list: [{ ...daemonProcess, ...more }, stranger] } }))?.pid,
      ).toBe(null);
    expect(judgeLifecycle(stopped)?.pid).toBe(null);
    expect(judgeLifecycle(changed(healthy, { processes: { list: [daemonProcess, stranger] } }))?.pid).toBe(4242);
  });

  it('says nothing where the daemon could not be judged', () => {
    expect(judgeLifecycle({ ...healthy, processes: null })).toBe(null);
  });

  it('holds nothing against a command where only a part could not be seen', () => {
    const blind = (['install', 'home.held', 'store.files', 'store.open'] as const).map((key) => ({
      ...stopped,
      [key]: null,
    }));
    expect(blind.map((seen) => judgeLifecycle(seen)?.start)).toEqual([[], [], [], []]);
  });

  it('holds nothing against a command that could not be seen', () => {
    const unseen = {
      ...stopped,
      'home.entries': null,
      'home.filesystem': null,
      'store.files': null,
      'store.open': null,
      'store.integrity': null,
    };
    expect(judgeLifecycle(unseen)?.start).toEqual([]);
  });
});
