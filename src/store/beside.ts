import type { Database } from 'better-sqlite3';
import { hasSoundBytes } from '../coven/ledger.ts';
import type { StoreBytes } from '../model/observation.ts';
import type { BytesRequest } from '../sqlite/answers.ts';
import { notRead } from '../sqlite/bytes.ts';
import { startJob } from './ask.ts';

const attempts = 3;

/** A process that reads a ledger's bytes beside its live owner. */
export interface Beside {
  readonly read: (db: Database, request: BytesRequest) => Promise<StoreBytes>;
  readonly end: () => Promise<void>;
}

/**
 * Starts that process. While it reads, `db` holds a reading transaction: no checkpoint then writes a page that the WAL of
 * that time does not hold, and no writer begins that WAL anew, so that main file and WAL together are one state of the
 * ledger. What it finds wrong counts only when a second transaction finds the same.
 */
export function startBeside(): Beside {
  const process = startJob('bytes');
  const once = async (db: Database, request: BytesRequest): Promise<StoreBytes> => {
    db.exec('BEGIN');
    try {
      // The transaction begins with the first page that is read.
      db.prepare('SELECT count(*) FROM sqlite_schema').get();
      // It ends by itself when its own time is over; whoever waits for this process ends both when theirs is.
      const outcome = await process.ask('bytes', request, new AbortController().signal);
      if ('answer' in outcome) return outcome.answer;
      return notRead(outcome.none === 'late' ? 'overran' : 'ended');
    } finally {
      db.exec('COMMIT');
    }
  };
  const read: Beside['read'] = async (db, request) => {
    let before: string | null = null;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const bytes = await once(db, request);
      const faults = JSON.stringify(faultsOf(bytes));
      if (hasSoundBytes(bytes) || faults === before) return bytes;
      before = faults;
    }
    return notRead('moving');
  };
  return { read, end: process.finish };
}

/** What is wrong, without the counts that go on growing. */
const faultsOf = ({ code, wal, lostFrames, strayFrames, map }: StoreBytes) => ({
  code,
  lostFrames,
  strayFrames,
  wal: wal && [wal.state, wal.firstDamaged, wal.tornCommits, wal.foreign],
  problems: map?.problems.map(({ text }) => text),
});
