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
  pages: 'read from a private copy of all pages but those of the events',
};

const lost = ({ walBytes }: Facts): string =>
  Number(walBytes) > 0
    ? `; its WAL still holds ${bytes(walBytes)} of committed rows, which the next coven command would delete`
    : '';
const keepWal = ({ walBytes }: Facts): string =>
  Number(walBytes) > 0
    ? 'run no coven command here: first copy <coven-home>/coven.sqlite3-wal to a safe place'
    : 'restore the ledger from a backup before a daemon starts: a start makes an empty one';

function tornWal({ bytes: size, state, hiddenCommits, visibleCommits, tornCommits }: Facts): string {
  const wal = `the WAL (${bytes(size)})`;
  if (Number(hiddenCommits) > 0)
    return `${wal} is damaged: SQLite does not see ${count(hiddenCommits, 'commit')} that lie behind the damage, and the next coven command destroys them`;
  if (Number(tornCommits) > 0)
    return Number(visibleCommits) > 0
      ? `${wal} ends in a damaged commit, which SQLite passes over; a crash or a loss of power can leave it so`
      : `${wal} holds a commit whose beginning is damaged; SQLite does not see it, and the next coven command destroys it`;
  if (state === 'headless') return `${wal} has lost its header: SQLite passes over all of it`;
  return `${wal} is damaged from its beginning; SQLite passes over it, and rows in it are not seen`;
}

const others = ({ more }: Facts): string =>
  Number(more) > 0 ? ` (and ${count(more, 'more problem', 'more problems')})` : '';

/** What can still be read of sessions and events, where that was established. */
function readableRows({ sessions, sessionsAbout, events, eventsAbout }: Facts): string {
  const of = (rows: unknown, about: unknown, name: string): string[] =>
    typeof rows === 'number' && about !== 0
      ? [`${number(rows)}${typeof about === 'number' ? ` of about ${number(about)}` : ''} ${name}`]
      : [];
  const told = [...of(sessions, sessionsAbout, 'sessions'), ...of(events, eventsAbout, 'events')];
  return told.length > 0 ? `; at least ${told.join(' and ')} can still be read` : '';
}

const number = (value: number): string => value.toLocaleString('en-US');

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
    title: 'The ledger is intact',
    explain:
      'Every page of a ledger belongs to exactly one table, index or the list of free pages. Where that is not so, Coven still starts and ' +
      'says `ok`, and its next sessions overwrite rows. A ledger of up to 32 MiB is read whole. Of a larger one, every pointer between ' +
      'pages is followed and as many of its rows are read as the time allows; --deep reads all.',
    causes: {
      ok: {
        message: ({ complete, rowsRead, bytesRead, bytes: all, depth }) =>
          complete
            ? `intact (${count(rowsRead, 'row')})`
            : `no damage in the ${bytes(bytesRead)} of ${bytes(all)} that were read${depth === 'whole' ? '' : '; --deep reads all'}`,
      },
      unfinished: {
        message: ({ bytesRead, bytes: all, unfinished }) =>
          `no damage in the ${bytes(bytesRead)} of ${bytes(all)} that were read before the time ended${unfinished ? ` (${unfinished})` : ''}`,
        hint: () => 'run again with a longer --timeout',
      },
      undetermined: {
        message: ({ code }) =>
          `whether the pages of the ledger are intact could not be determined (${code ?? 'not read'})`,
        hint: () => 'run again; where that does not help, run with a longer --timeout',
      },
      corrupt: {
        message: (facts) => `the ledger is damaged: ${facts.first}${others(facts)}${readableRows(facts)}`,
        hint: (facts) =>
          `run no coven command here, since opening the ledger can make it worse: ${preserve(facts)}, and ask for support`,
      },
    },
  },
  'store:index': {
    title: 'Indexes agree with their tables',
    explain:
      'An index that lost entries hides rows from some questions and not from others; the rows themselves are there. A ledger over 32 MiB ' +
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
        message: ({ rows, indexed, damaged, first }) =>
          damaged || rows === indexed
            ? `the full-text index is damaged${first ? ` (${first})` : ''}; the events themselves are not`
            : `the full-text index holds ${indexed} of ${rows} events`,
        hint: (facts) =>
          `with a copy of the three coven.sqlite3 files kept: ${toRun('vacuum', facts)}, which builds it anew`,
      },
    },
  },
  'store:wal': {
    title: 'The write-ahead log is whole and belongs to the ledger',
    explain:
      'A stopped Coven leaves committed rows in the WAL alone. SQLite stops at the first damaged frame without an error, and takes the WAL of ' +
      'another ledger for its own: the ledger then is the other one, and passes every check of its pages. It is told by rows that have ' +
      'another id with the WAL than without it.',
    causes: {
      ok: {
        message: (facts) =>
          Number(facts.bytes) > 0
            ? `intact (${bytes(facts.bytes)}, ${count(facts.visibleCommits ?? 0, 'commit')})`
            : 'nothing in it',
      },
      'ledger-not-opened': { message: () => 'not asked: the ledger that it lies beside did not open' },
      undetermined: {
        message: (facts) =>
          `the WAL (${bytes(facts.bytes)}) could not be read whole (${facts.code ?? 'not permitted'})`,
        hint: () => 'run again as the owner of the home, and with a longer --timeout',
      },
      large: {
        message: (facts) => `the WAL has grown to ${bytes(facts.bytes)}`,
        hint: () => 'end what reads the ledger without pause; Coven writes it back at its next checkpoint',
      },
      torn: {
        message: (facts) => tornWal(facts),
        hint: (facts) =>
          Number(facts.hiddenCommits) > 0 || Number(facts.visibleCommits) === 0
            ? `run no coven command here, since the next one deletes what it does not see: ${preserve(facts)}, and ask for support`
            : preserve(facts),
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
