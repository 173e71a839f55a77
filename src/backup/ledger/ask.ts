import { startChild } from '../../child/child.ts';
import { NoSqlite } from '../../child/no-sqlite.ts';
import { Refused } from '../refused.ts';
import type { LedgerAnswer, LedgerRequest } from './protocol.ts';

/** Milliseconds for a small ledger, and more for each of its bytes: 2 minutes a GiB, of which SQLite checks 100 MiB a second. */
const patienceMs = { least: 600_000, aByte: 120_000 / 1024 ** 3 };

/**
 * Asks the ledger program, which is killed when the signal fires or its time is over; `nothing` with the reason where it
 * could not answer. `bytes` is the size of the ledger. Throws Refused where SQLite cannot be loaded, which says nothing
 * about the ledger.
 */
export async function askLedger(request: LedgerRequest, signal: AbortSignal, bytes = 0): Promise<LedgerAnswer> {
  signal.throwIfAborted();
  const seconds = Math.round((patienceMs.least + bytes * patienceMs.aByte) / 1000);
  const child = startChild('ledger');
  try {
    child.tell(request);
    const line = await child.line(seconds * 1000, signal);
    signal.throwIfAborted();
    if (line === 'late') return { done: 'nothing', code: `it was not read to its end within ${seconds} s` };
    if (typeof line === 'string') return { done: 'nothing', code: `the process that reads it ${child.describe()}` };
    await child.finish();
    return JSON.parse(line.text) as LedgerAnswer;
  } catch (error) {
    if (!(error instanceof NoSqlite)) throw error;
    throw new Refused(`${error.message}; repair the installation: ${error.command}`);
  } finally {
    await child.kill();
  }
}
