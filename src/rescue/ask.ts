import { startChild } from '../child/child.ts';
import type { MergeReport, MergeRequest, RescueLine, RescueProgress, RescueReport, RescueRequest } from './protocol.ts';

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
  const line = await ask(request, request.scratch, signal, tell);
  if ('report' in line) return line.report;
  throw new RescueFailed('the rescuing process gave another answer');
}

/** Merges two rescued ledgers in a child process, as above. */
export async function askMerge(request: MergeRequest, signal: AbortSignal): Promise<MergeReport> {
  const line = await ask(request, request.scratch, signal, () => undefined);
  if ('merged' in line) return line.merged;
  throw new RescueFailed('the rescuing process gave another answer');
}

async function ask(
  request: RescueRequest | MergeRequest,
  scratch: string,
  signal: AbortSignal,
  tell: (progress: RescueProgress) => void,
): Promise<Exclude<RescueLine, { readonly progress: RescueProgress }>> {
  signal.throwIfAborted();
  const child = startChild('rescue', { memoryBytes, env: { SQLITE_TMPDIR: scratch } });
  try {
    child.tell(request);
    for (;;) {
      const line = await child.line(silenceMs, signal);
      signal.throwIfAborted();
      if (typeof line !== 'object')
        throw new RescueFailed(`the rescuing process ${line === 'late' ? 'says nothing' : child.describe()}`);
      const answer = JSON.parse(line.text) as RescueLine;
      if (!('progress' in answer)) return answer;
      tell(answer.progress);
    }
  } finally {
    await child.kill();
  }
}
