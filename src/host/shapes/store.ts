import * as v from 'valibot';
import { by, flag, kindOrAbsent, list, maybe, number, oneOf, text } from './shape.ts';

const file = v.object({ kind: kindOrAbsent, size: number, mode: maybe(number), readable: flag });

const lease = v.object({
  name: text,
  state: oneOf(['valid', 'malformed', 'unreadable']),
  expiresAt: maybe(number),
  sessionId: maybe(text),
});

export const storeShapes = {
  'store.files': v.object({
    main: file,
    wal: file,
    shm: file,
    journal: file,
    hotJournal: maybe(v.object({ pages: number, ledgerPages: number })),
    walState: oneOf(['none', 'valid', 'torn']),
    walPageSize: maybe(number),
    header: maybe(v.object({ pageSize: number, pages: number, wal: flag, writer: number })),
    sessionsExpected: flag,
  }),
  'store.open': v.object({
    outcome: oneOf([
      'opened',
      'missing',
      'empty',
      'not-a-file',
      'not-a-database',
      'malformed',
      'unreadable',
      'busy',
      'forbidden',
    ]),
    way: maybe(oneOf(['in-place', 'link', 'clone', 'copy', 'pages'])),
    code: maybe(text),
    journalMode: maybe(text),
    tables: list(text),
    columns: by(list(text)),
    walForeign: maybe(flag),
  }),
  'store.bytes': v.object({
    outcome: oneOf(['read', 'not-read']),
    code: maybe(text),
    wal: maybe(
      v.object({
        state: oneOf(['sound', 'headless', 'noise']),
        frames: number,
        complete: flag,
        visibleCommits: number,
        hiddenCommits: number,
        firstDamaged: maybe(number),
        tornCommits: number,
        foreign: maybe(flag),
      }),
    ),
    lostFrames: number,
    map: maybe(
      v.object({
        pageSize: number,
        pages: number,
        pagesRead: number,
        mapped: flag,
        whole: flag,
        problems: list(v.object({ kind: text, text, table: maybe(text), search: flag })),
        problemCount: number,
        tables: list(v.object({ table: text, rows: number, about: maybe(number) })),
      }),
    ),
  }),
  'store.sessions': v.object({
    outcome: oneOf(['read', 'not-opened', 'no-table', 'failed']),
    code: maybe(text),
    byStatus: by(number),
    byDay: list(v.object({ day: text, status: text, sessions: number })),
    open: list(
      v.object({
        id: text,
        status: text,
        harness: text,
        createdAt: text,
        updatedAt: text,
        external: flag,
      }),
      // Each is held against every process; no reading keeps more.
      500,
    ),
    openComplete: flag,
    recent: v.object({ made: number, failed: number, orphaned: number }),
    projects: list(text),
    looks: number,
  }),
  'store.integrity': v.object({
    outcome: oneOf(['read', 'not-opened']),
    depth: oneOf(['bounded', 'whole']),
    complete: flag,
    tables: list(
      v.object({
        table: text,
        rowsRead: number,
        rowsAbout: maybe(number),
        complete: flag,
        problem: maybe(text),
      }),
    ),
    problems: list(text),
    indexProblems: list(text),
    search: maybe(
      v.object({ rows: number, indexed: number, damaged: flag, agrees: maybe(flag), differing: maybe(number) }),
    ),
  }),
  'store.rows': v.object({
    outcome: oneOf(['read', 'not-opened', 'failed']),
    code: maybe(text),
    tables: list(
      v.object({
        table: text,
        rows: number,
        firstRowid: maybe(number),
        lastRowid: maybe(number),
        sample: list(v.object({ rowid: number, id: text, at: text })),
      }),
    ),
    complete: flag,
    changed: list(v.object({ id: text, status: text, updatedAt: text })),
    changedComplete: flag,
  }),
  'store.rehearsal': v.object({
    outcome: oneOf(['opened', 'refused', 'crashed', 'overran', 'not-run']),
    reason: maybe(text),
    version: maybe(text),
    said: maybe(text),
    unwritable: maybe(text),
    searchEmpty: flag,
    isolated: flag,
  }),
  'sessions.leases': v.object({
    projects: list(
      v.object({
        path: text,
        gate: oneOf(['none', 'read', 'unreadable', 'remote']),
        owner: maybe(lease),
        writers: list(lease),
      }),
      1000,
    ),
  }),
};
