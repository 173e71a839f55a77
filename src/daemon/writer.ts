import type Database from '../child/sqlite.ts';
import { isSqliteError } from '../child/sqlite.ts';
import type { Events } from './events.ts';

/** `eventWriter` of a health answer. */
export interface WriterHealth {
  readonly state: 'healthy' | 'pressured' | 'failed';
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  readonly capacityBytes: number;
  readonly droppedOutputEvents: number;
  readonly droppedOutputBytes: number;
  readonly connectionOpens: number;
  readonly transactions: number;
  readonly committedEvents: number;
  readonly lastError?: string;
}

/** The only writer of the ledger after the start: what is queued is committed in its order, whole batches at once. */
export interface Writer {
  /** Queues output; drops it, and says so in an event of its own, when the queue is full. */
  readonly output: (sessionId: string, data: string) => void;
  /**
   * Runs `work` in a transaction after everything queued before it; resolves once that is committed. With
   * `patienceMillis`, rejects and takes the work back when it could not be committed by then.
   */
  readonly record: (work: () => void, patienceMillis?: number) => Promise<void>;
  readonly health: () => WriterHealth;
  /** Commits what is queued, or gives up after `patienceMillis`; returns how many entries are lost. */
  readonly end: (patienceMillis: number) => Promise<number>;
}

/** Capacity, and the time for which adjacent output is gathered. Source: Coven. */
const capacityBytes = 2 * 1024 ** 2;
const gatherMillis = 12;
/** One event's worth of gathered output. */
const gatheredBytes = 64 * 1024;
/** Queued output from which a commit does not wait for more. */
const hurryBytes = 256 * 1024;
const retryMillis = { busy: 50, failed: 500 };

type Entry =
  | { kind: 'output'; readonly sessionId: string; data: string; bytes: number }
  | { kind: 'gap'; readonly sessionId: string; events: number; bytes: number }
  | { kind: 'work'; readonly run: () => void; readonly settle: (error: Error | null) => void };

export function createWriter(db: Database.Database, events: Events): Writer {
  const queue: Entry[] = [];
  const counts = { dropped: 0, droppedBytes: 0, transactions: 0, committed: 0 };
  let queuedBytes = 0;
  let fault: { readonly message: string; readonly busy: boolean } | null = null;
  let timer: NodeJS.Timeout | null = null;

  const schedule = (millis: number): void => {
    timer ??= setTimeout(flush, millis);
  };
  const soon = (millis: number): void => {
    if (fault) return;
    if (millis === 0 && timer) clearTimeout(timer);
    if (millis === 0) timer = null;
    schedule(millis);
  };

  const apply = db.transaction((): readonly (Error | null)[] => queue.map(applied));
  const isolated = db.transaction((run: () => void) => run());
  function applied(entry: Entry): Error | null {
    try {
      if (entry.kind === 'work') isolated(entry.run);
      else if (entry.kind === 'output') events.insert(entry.sessionId, 'output', { data: entry.data });
      else
        events.insert(entry.sessionId, 'output_truncated', { droppedEvents: entry.events, droppedBytes: entry.bytes });
      return null;
    } catch (error) {
      // The rows of one session may have been removed by another Coven process; that must not stop the others.
      const whole = isSqliteError(error) && !/^SQLITE_(CONSTRAINT|TOOBIG)/.test(error.code);
      if (whole) throw error;
      return error as Error;
    }
  }

  function flush(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    if (queue.length === 0) return;
    let outcomes: readonly (Error | null)[];
    try {
      outcomes = apply.immediate();
    } catch (error) {
      const busy = isSqliteError(error) && error.code.startsWith('SQLITE_BUSY');
      fault = { message: (error as Error).message, busy };
      schedule(busy ? retryMillis.busy : retryMillis.failed);
      return;
    }
    fault = null;
    const done = queue.splice(0);
    queuedBytes = 0;
    counts.transactions += 1;
    counts.committed += outcomes.filter((outcome) => outcome === null).length;
    for (const [index, entry] of done.entries()) if (entry.kind === 'work') entry.settle(outcomes[index] ?? null);
  }

  function output(sessionId: string, data: string): void {
    const bytes = Buffer.byteLength(data);
    const last = queue.at(-1);
    if (queuedBytes + bytes > capacityBytes) {
      counts.dropped += 1;
      counts.droppedBytes += bytes;
      const gap = queue.findLast((entry) => entry.kind !== 'work' && entry.sessionId === sessionId);
      if (gap?.kind !== 'gap') queue.push({ kind: 'gap', sessionId, events: 1, bytes });
      else {
        gap.events += 1;
        gap.bytes += bytes;
      }
    } else if (last?.kind === 'output' && last.sessionId === sessionId && last.bytes + bytes <= gatheredBytes) {
      last.data += data;
      last.bytes += bytes;
      queuedBytes += bytes;
    } else {
      queue.push({ kind: 'output', sessionId, data, bytes });
      queuedBytes += bytes;
    }
    soon(queuedBytes > hurryBytes ? 0 : gatherMillis);
  }

  function record(run: () => void, patienceMillis?: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let impatience: NodeJS.Timeout | undefined;
      const settle = (error: Error | null): void => {
        clearTimeout(impatience);
        if (error) reject(error);
        else resolve();
      };
      const entry: Entry = { kind: 'work', run, settle };
      queue.push(entry);
      if (patienceMillis !== undefined)
        impatience = setTimeout(() => {
          queue.splice(queue.indexOf(entry), 1);
          reject(new Error(fault?.message ?? 'the ledger did not take the event in time'));
        }, patienceMillis);
      soon(0);
    });
  }

  return {
    output,
    record,
    health: () => ({
      state: fault && !fault.busy ? 'failed' : fault || queuedBytes > capacityBytes / 2 ? 'pressured' : 'healthy',
      queuedEvents: queue.length,
      queuedBytes,
      capacityBytes,
      droppedOutputEvents: counts.dropped,
      droppedOutputBytes: counts.droppedBytes,
      connectionOpens: 1,
      transactions: counts.transactions,
      committedEvents: counts.committed,
      ...(fault && { lastError: fault.message }),
    }),
    end: async (patienceMillis) => {
      const until = Date.now() + patienceMillis;
      flush();
      while (queue.length > 0 && Date.now() < until)
        await new Promise((resolve) => setTimeout(resolve, retryMillis.busy));
      if (timer) clearTimeout(timer);
      return queue.length;
    },
  };
}
