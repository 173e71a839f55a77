import { statSync } from 'node:fs';
import type { Merged, MergeRequest, RescueProgress, RescueReport, RescueRequest } from '../rescue/report.ts';
import { askJob } from './ask.ts';
import type { Jobs } from './protocol.ts';

/** The rescuing process ended without an answer. */
export class RescueFailed extends Error {}

/**
 * Rescues in a child process, which ends when `signal` fires. Throws the signal's reason, NoSqlite where SQLite cannot be
 * loaded, and RescueFailed where the child came to nothing, as it does where a disk is full.
 */
export const askRescue = (
  request: RescueRequest,
  signal: AbortSignal,
  tell: (progress: RescueProgress) => void,
): Promise<RescueReport> => ask('rescue', request, signal, tell);

/** Merges two rescued ledgers in a child process, as above. */
export const askMerge = (request: MergeRequest, signal: AbortSignal): Promise<Merged> => ask('merge', request, signal);

async function ask<N extends 'rescue' | 'merge'>(
  job: N,
  request: Jobs[N]['request'],
  signal: AbortSignal,
  tell: (progress: Jobs[N]['progress']) => void = () => undefined,
): Promise<Jobs[N]['answer']> {
  const ledgers = 'ledger' in request ? [request.ledger, `${request.ledger}-wal`] : [request.into, request.from];
  const bytes = ledgers.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  const options = { env: { SQLITE_TMPDIR: request.scratch }, tell, bytes };
  const outcome = await askJob(job, request, signal, options);
  if ('answer' in outcome) return outcome.answer;
  throw new RescueFailed(`the rescuing process ${outcome.how}`);
}
