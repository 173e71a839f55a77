import type { Coven } from './which.ts';

/** What became of a start, a stop or a restart. */
export interface Outcome {
  readonly ok: boolean;
  readonly action: 'start' | 'stop' | 'restart';
  /** Whether anything was done: a daemon that runs is not started again. */
  readonly changed: boolean;
  readonly pid: number | null;
  readonly startedAt: string | null;
  readonly coven: Coven | null;
  /** Where and why it failed. */
  readonly failure: { readonly step: string; readonly reason: string } | null;
}

/** A step of a start, a stop or a restart that failed; `message` is one line. */
export class StepFailed extends Error {
  readonly step: string;
  constructor(step: string, reason: string) {
    super(reason);
    this.step = step;
  }
}
