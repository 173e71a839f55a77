import { startChild } from '../child/child.ts';
import type { DriverRequest, Judgement, JudgeRequest, SqliteDriver } from './protocol.ts';

/** Milliseconds: hours for the largest ledger. What takes longer waits for something that does not come. */
const patienceMs = 4 * 3_600_000;

/**
 * Whether a private copy of a ledger is sound, judged whole in a child process that ends when `signal` fires. A child
 * that ends without an answer has judged nothing: not sound. Throws the signal's reason, and NoSqlite where SQLite cannot
 * be loaded, which says nothing about the copy.
 */
export async function askJudge(copy: string, signal: AbortSignal): Promise<Judgement> {
  signal.throwIfAborted();
  const child = startChild('judge');
  try {
    child.tell({ copy } satisfies JudgeRequest);
    const line = await child.line(patienceMs, signal);
    signal.throwIfAborted();
    if (typeof line === 'object') {
      await child.finish();
      return JSON.parse(line.text) as Judgement;
    }
    const text = `the process that judges the copy ${line === 'late' ? 'did not end' : child.describe()}`;
    return { sound: false, reasons: [{ kind: 'unreadable', text }], tables: [] };
  } finally {
    await child.kill();
  }
}

const driverMs = 5000;

/** Which SQLite reads ledgers here; null where none told in time. Rejects with NoSqlite where there is none. */
export async function askDriver(signal: AbortSignal): Promise<SqliteDriver | null> {
  const child = startChild('judge');
  try {
    child.tell({ driver: true } satisfies DriverRequest);
    const line = await child.line(driverMs, signal);
    return typeof line === 'object' ? (JSON.parse(line.text) as SqliteDriver) : null;
  } finally {
    await child.kill();
  }
}
