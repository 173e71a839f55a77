import type { HomeSource } from '../coven/layout.ts';
import type { Host } from '../host/host.ts';
import { type LiveHost, type LiveOptions, withLiveHost } from '../host/live.ts';
import type { Check } from '../model/check.ts';
import type { Reading } from '../model/reading.ts';
import { randomUuid } from '../random.ts';
import { judgeOn } from './judge.ts';
import type { Report } from './report.ts';
import type { CheckRun } from './runner.ts';

/** The results, and the host that they came from. The host stays open until the caller is done with it. */
export interface Diagnosis {
  readonly host: LiveHost;
  readonly runs: readonly CheckRun[];
  readonly run: Pick<Report, 'runId' | 'startedAt' | 'durationMs' | 'home' | 'homeSource'>;
  /** Fires when the time of the run, including `moreMs`, is over. */
  readonly signal: AbortSignal;
}

export interface DiagnoseOptions {
  readonly home: { readonly path: string; readonly source?: HomeSource };
  readonly env?: NodeJS.ProcessEnv;
  readonly deep: boolean;
  /** Whether a start or an upgrade is planned next. */
  readonly startsNext?: boolean;
  /** Milliseconds for the checks. The host may be used for `moreMs` longer. */
  readonly checkMs: number;
  readonly moreMs?: number;
  /** The process that reads texts of others, where it is needed later for something else. */
  readonly textReader?: NonNullable<LiveOptions['textReader']>;
  /** Called with the phase of a deep reading of the ledger; null at its end. */
  readonly onReading?: (reading: Reading | null) => void;
  /** Called with each finished check, in the words of the report. */
  readonly onDone?: (run: CheckRun, startedAt: string, host: Host) => void | Promise<void>;
}

/** Loaded only in a home that was repaired. */
const seeRuns: LiveOptions['seeRuns'] = async (look) => (await import('../repair/engine/see-runs.ts')).seeRuns(look);

/** The one way to run checks on the live home. */
export async function diagnose<T>(
  checks: readonly Check[],
  { home: { path, ...named }, env = process.env, moreMs = 0, onDone, ...how }: DiagnoseOptions,
  signal: AbortSignal,
  then: (found: Diagnosis) => Promise<T>,
): Promise<T> {
  const startedAt = new Date().toISOString();
  const began = performance.now();
  const options = { home: path, ...named, env, ...how, seeRuns, deadlineMs: how.checkMs + moreMs };
  return withLiveHost(options, signal, async (host, ending) => {
    const runs = await judgeOn(host, checks, {
      checkMs: how.checkMs,
      signal: ending,
      ...(onDone && { onDone: (run) => onDone(run, startedAt, host) }),
    });
    const durationMs = Math.round(performance.now() - began);
    const source = named.source === undefined ? {} : { homeSource: named.source };
    const run = { runId: randomUuid(), startedAt, durationMs, home: path, ...source };
    return then({ host, runs, run, signal: ending });
  });
}
