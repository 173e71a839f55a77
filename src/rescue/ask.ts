import { startChild } from '../child/child.ts';
import type { RescueLine, RescueProgress, RescueReport, RescueRequest } from './protocol.ts';

/** A row may be put together whole, several times over; candidates and votes are on disk. */
const memoryBytes = 2 * 1024 ** 3;

/** Longest time without a word of progress: building an index of many GB says nothing meanwhile. */
const silenceMs = 4 * 3_600_000;

/** The rescuing process ended without an answer. */
export class RescueFailed extends Error {}

/**
 * Rescues in a child process, which ends when `signal` fires. Throws the signal's reason, NoSqlite where SQLite cannot be
 * loaded, and RescueFailed where the child ended, as it does where a disk is full.
 */
export async function askRescue(
  request: RescueRequest,
  signal: AbortSignal,
  tell: (progress: RescueProgress) => void,
): Promise<RescueReport> {
  signal.throwIfAborted();
  const child = startChild('rescue', { memoryBytes, env: { SQLITE_TMPDIR: request.scratch } });
  try {
    child.tell(request);
    for (;;) {
      const line = await child.line(silenceMs, signal);
      signal.throwIfAborted();
      if (typeof line !== 'object')
        throw new RescueFailed(`the rescuing process ${line === 'late' ? 'says nothing' : child.describe()}`);
      const answer = JSON.parse(line.text) as RescueLine;
      if ('report' in answer) return answer.report;
      tell(answer.progress);
    }
  } finally {
    await child.kill();
  }
}
