import { NoSqlite } from '../child/no-sqlite.ts';
import { askJob } from '../store/ask.ts';
import type { Jobs } from '../store/protocol.ts';
import { Refused } from './refused.ts';

/** What a reading throws where SQLite cannot be loaded: that says nothing about the ledger. */
export const asRefused = (error: unknown): unknown =>
  error instanceof NoSqlite ? new Refused(`${error.message}; repair the installation: ${error.command}`) : error;

type LedgerJob = 'content' | 'snapshot' | 'settle' | 'compare-indexes' | 'newer';

/**
 * Has a job done with a ledger of `bytes` bytes by a process that is killed when the signal fires or its time is over; gives the
 * reason where it could not be. Throws Refused where SQLite cannot be loaded, which says nothing about the ledger.
 */
export async function askLedger<N extends LedgerJob>(
  job: N,
  request: Jobs[N]['request'],
  signal: AbortSignal,
  bytes = 0,
): Promise<{ readonly answer: Jobs[N]['answer'] } | { readonly why: string }> {
  try {
    const outcome = await askJob(job, request, signal, { bytes });
    if ('answer' in outcome) return outcome;
    if (outcome.none === 'late') return { why: 'it was not read to its end in time' };
    if (outcome.none === 'failed') return { why: outcome.code ?? 'SQLITE_ERROR' };
    return { why: `the process that reads it ${outcome.how}` };
  } catch (error) {
    throw asRefused(error);
  }
}
