import type { Judgement, SqliteDriver } from '../sqlite/answers.ts';
import { askJob } from './ask.ts';

/**
 * Whether a private copy of a ledger is sound, judged whole in a child process that ends when `signal` fires. A child
 * that ends without an answer has judged nothing: not sound. Throws the signal's reason, and NoSqlite where SQLite cannot
 * be loaded, which says nothing about the copy.
 */
export async function askJudge(copy: string, signal: AbortSignal, bytes = 0): Promise<Judgement> {
  const outcome = await askJob('judge', { copy }, signal, { bytes });
  if ('answer' in outcome) return outcome.answer;
  const text = outcome.message ?? `the process that judges the copy ${outcome.how}`;
  return { sound: false, reasons: [{ kind: 'unreadable', text }], tables: [] };
}

const driverMs = 5000;

/** Which SQLite reads ledgers here; null where none told in time. Rejects with NoSqlite where there is none. */
export async function askDriver(signal: AbortSignal): Promise<SqliteDriver | null> {
  const outcome = await askJob('driver', {}, signal, { timeLeft: () => driverMs });
  return 'answer' in outcome ? outcome.answer : null;
}
