import { hasJournal, reach } from '../store/reach.ts';
import { askLedger } from './ask-ledger.ts';

/**
 * Brings a ledger that nobody has open into a folder of ours, as the reading process does, and tells where it is to be
 * opened. A transaction that was cut off is taken back there, by a process of its own.
 */
export async function bringLedger(ledger: string, scratch: string, signal: AbortSignal): Promise<string> {
  const request = { ledger, scratch, deep: true, budgetMs: 0 };
  const { path } = reach(request);
  if (hasJournal(request)) await askLedger('settle', { copy: path }, signal);
  return path;
}
