import type { Facts } from '../../check.ts';
import { bytes, count } from '../harmless.ts';
import type { CheckWords } from '../words.ts';
import { stopFirst, toRun } from './advice.ts';

const preserve = (facts: Facts): string =>
  `${stopFirst(facts)}keep a copy of <coven-home> before anything else is tried`;
const ways: Readonly<Record<string, string>> = {
  'in-place': 'read in place, beside its owner',
  link: 'read through a private hard link',
  clone: 'read from a private clone',
  copy: 'read from a private copy',
};

const lost = ({ walBytes }: Facts): string =>
  Number(walBytes) > 0
    ? `; its WAL still holds ${bytes(walBytes)} of committed rows, which the next coven command would delete`
    : '';
const keepWal = ({ walBytes }: Facts): string =>
  Number(walBytes) > 0
    ? 'run no coven command here: first copy <coven-home>/coven.sqlite3-wal to a safe place'
    : 'restore the ledger from a backup before a daemon starts: a start makes an empty one';

export const storeWords: Readonly<Record<string, CheckWords>> = {
  'store:open': {
    title: 'The ledger opens',
    explain:
      'A daemon that cannot open its ledger times out and gives no reason; one that finds none where sessions existed makes an empty ' +
      'one in silence. The ledger is opened read-only, and so that nothing in the home changes.',
    causes: {
      ok: {
        message: ({ kind, way, bytes: size }) =>
          kind === 'absent' ? 'no ledger yet' : `opens (${bytes(size)}, ${ways[String(way)] ?? 'empty, as new'})`,
      },
      missing: {
        message: (facts) => `the ledger is gone, though sessions existed here${lost(facts)}`,
        hint: keepWal,
      },
      empty: {
        message: (facts) => `the ledger has no bytes, though sessions existed here${lost(facts)}`,
        hint: keepWal,
      },
      'not-a-file': {
        message: ({ kind }) => `coven.sqlite3 is a ${kind}; the daemon cannot start`,
        hint: () => 'find out what it is; move it away, and put the ledger back from a backup',
      },
      'not-a-database': {
        message: () => 'coven.sqlite3 is not a database: its header is damaged',
        hint: preserve,
      },
      malformed: {
        message: ({ code }) => `the ledger's schema is damaged (${code})`,
        hint: preserve,
      },
      unreadable: {
        message: ({ code }) => `the ledger cannot be read (${code})`,
        hint: () => 'check its owner and mode and the health of the disk, as the owner of the home',
      },
      busy: {
        message: ({ pid }) =>
          pid === null
            ? 'the ledger is locked by another process'
            : `pid ${pid} holds the ledger's write lock and does not let go`,
        hint: ({ pid }) =>
          pid === null
            ? 'find the process that has it open, and let it finish'
            : `find out what pid ${pid} does; a daemon cannot start until it ends`,
      },
      undetermined: {
        message: ({ code }) =>
          `the ledger was not opened, since that could not be done without changing the home (${code})`,
        hint: () => 'set TMPDIR to a folder on the file system of the home and run again',
      },
    },
  },
  'store:integrity': {
    title: 'The ledger is whole',
    explain:
      'A daemon on a ledger with damaged event pages starts and says `ok`. By default the reading is bounded in time and says how far ' +
      'it got; with --deep every page or row is read.',
    causes: {
      ok: {
        message: ({ complete, rowsRead, unfinished }) =>
          complete
            ? `whole (${count(rowsRead, 'row')})`
            : `no damage in what was read in the time allowed (${unfinished || 'index pages were not read'}); --deep reads all`,
      },
      unfinished: {
        message: ({ unfinished }) =>
          `no damage in what was read, and the time ended before all was (${unfinished || 'index pages were not read'})`,
        hint: () => 'run again with a longer --timeout',
      },
      corrupt: {
        message: ({ tables, first, rowsRead, rowsAbout, damagedRowsRead }) =>
          tables
            ? `damaged: ${tables} (${first}); ${count(damagedRowsRead, 'row')} of ${tables} can be read`
            : `damaged: ${first} (${count(rowsRead, 'row')} of about ${rowsAbout} read)`,
        hint: (facts) => `${preserve(facts)}; do not run \`coven vacuum\`: it fails on damage and makes no backup`,
      },
    },
  },
  'store:index': {
    title: 'Indexes agree with their tables',
    explain:
      'An index that lost entries hides rows from some questions and not from others; the rows themselves are there. A ledger over 8 MiB ' +
      'is compared with --deep alone.',
    causes: {
      ok: { message: ({ rows }) => `agree; ${rows} events, all searchable` },
      'not-checked': { message: () => 'not asked: the ledger has no search index, or is too large without --deep' },
      'ledger-damaged': { message: () => 'not asked: the tables themselves are damaged' },
      'index-mismatch': {
        message: ({ first }) => `an index does not agree with its table (${first})`,
        hint: () =>
          'keep a copy of the three coven.sqlite3 files and ask for support; `coven vacuum` leaves it as it is, and a rebuild may lose what only the index still holds',
      },
      'search-index': {
        message: ({ rows, indexed }) =>
          rows === indexed
            ? 'the full-text index is damaged'
            : `the full-text index holds ${indexed} of ${rows} events`,
        hint: (facts) =>
          `with a copy of the three coven.sqlite3 files kept: ${toRun('vacuum', facts)}, which builds it anew`,
      },
    },
  },
  'store:wal': {
    title: 'The write-ahead log is whole and belongs to the ledger',
    explain:
      'A stopped Coven leaves committed rows in the WAL alone. SQLite passes over a WAL whose beginning is damaged, and takes the WAL of ' +
      'another ledger for its own: the ledger then is the other one, and passes every check of its pages. It is told by rows that have ' +
      'another id with the WAL than without it.',
    causes: {
      ok: { message: (facts) => (Number(facts.bytes) > 0 ? `${bytes(facts.bytes)}, begins whole` : 'nothing in it') },
      'ledger-not-opened': { message: () => 'not asked: the ledger that it lies beside did not open' },
      undetermined: {
        message: (facts) => `the WAL (${bytes(facts.bytes)}) cannot be read by this user`,
        hint: () => 'run as the owner of the home',
      },
      large: {
        message: (facts) => `the WAL has grown to ${bytes(facts.bytes)}`,
        hint: () => 'end what reads the ledger without pause; Coven writes it back at its next checkpoint',
      },
      torn: {
        message: (facts) =>
          `the WAL (${bytes(facts.bytes)}) is damaged from its beginning; SQLite passes over it, and rows in it are not seen`,
        hint: preserve,
      },
      alone: {
        message: (facts) =>
          `the WAL (${bytes(facts.bytes)}) holds rows and its ledger is gone; the next coven command deletes it, and them`,
        hint: () => 'run no coven command here: `coven-doctor --fix` moves the WAL to safety, where support finds it',
      },
      foreign: {
        message: (facts) =>
          `the WAL (${bytes(facts.bytes)}) is of another ledger; opening this one would turn it into the other`,
        hint: () =>
          'start no coven command on this home; keep a copy of all three coven.sqlite3 files, and ask for support',
      },
    },
  },
  'store:schema': {
    title: 'The ledger has its core tables',
    explain:
      'Without `sessions` or `events`, or a column that every release had, Coven cannot work. Other tables, and columns that Coven adds ' +
      'when it opens an older ledger, are not judged.',
    causes: {
      ok: { message: ({ tables }) => `${tables} tables, the core ones whole` },
      'missing-tables': {
        message: ({ missing }) => `the ledger has no table ${missing}`,
        hint: () => 'keep the file as it is and restore a backup; a start of Coven would make empty tables in it',
      },
      'missing-columns': {
        message: ({ lacking }) => `the ledger lacks ${lacking}`,
        hint: () => 'this is no ledger of a known Coven: keep it, and ask for support',
      },
    },
  },
};
