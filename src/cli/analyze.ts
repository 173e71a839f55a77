import { checks as ours } from '../../checks/index.ts';
import { parseRecording, type Run } from '../bundle/recording.ts';
import { BundleRefused } from '../bundle/refused.ts';
import { deadline } from '../deadline.ts';
import type { Host } from '../host/host.ts';
import { recordedHost } from '../host/recorded.ts';
import { observationKeys } from '../host/schemas.ts';
import type { Check } from '../model/check.ts';
import type { Observation } from '../model/observation.ts';
import { sayRefused } from '../render/bundle-refused.ts';
import { judgeOn } from '../run/judge.ts';
import type { CheckRun } from '../run/runner.ts';
import { UsageError } from '../terminal/usage.ts';
import { openBundle } from './archives/open-bundle.ts';
import { watcher } from './diagnosis/report-output.ts';
import { acceptedBy, reportsOf, show } from './doctor.ts';
import { homeOf } from './options/home.ts';
import { parseOutputs } from './options/outputs.ts';
import { pluginChecksOf } from './options/plugins.ts';
import { selectChecks } from './options/select.ts';
import type { DiagnoseOptions, DisplayOptions } from './options/shared.ts';

/** What every path in a bundle is relative to. */
export const recordedHome = '<coven-home>';
/** Our checks judge recorded facts in milliseconds. Only plugin checks can take longer. */
const checkMs = 20_000;
const runMs = 60_000;

export type AnalyzeOptions = Pick<DiagnoseOptions, 'modules' | 'only' | 'skip' | 'failOn'> & DisplayOptions;

/** `coven-doctor analyze`: makes the report of the bundle's machine again. Reads the bundle and nothing else. */
export async function analyze(file: string, options: AnalyzeOptions, signal: AbortSignal): Promise<number> {
  const outputs = options.output.length === 0 ? [] : parseOutputs(options.output, homeOf(undefined).path);
  const pluginChecks = await pluginChecksOf(options.modules, undefined, signal);
  const checks = selectChecks([...ours, ...pluginChecks], options.only, options.skip);
  const accepted = await acceptedBy(options, recordedHome, pluginChecks, false);
  const watch = options.format === 'jsonl' ? await watcher(checks, 'jsonl', accepted) : null;
  const { host, run, runs } = await judgeBundle(file, checks, signal);
  for (const judged of runs) await watch?.done(judged, run.startedAt, host);
  // A bundle may come from anybody, so its text passes the same gate as the text of a live home.
  const found = { host, runs, run: { ...run, home: recordedHome } };
  return show(await reportsOf(found, checks, options, outputs, accepted), options, outputs);
}

export interface Judged {
  readonly host: Host;
  readonly run: Run;
  readonly runs: readonly CheckRun[];
  readonly observations: readonly Observation[];
}

/** Runs checks on what a bundle recorded. Throws a UsageError if the file is not a bundle. */
export async function judgeBundle(file: string, checks: readonly Check[], signal: AbortSignal): Promise<Judged> {
  const { members } = await openBundle(file);
  const { run, observations } = recordingIn(file, members);
  const host = recordedHost(observations);
  const limit = deadline(runMs, signal);
  const runs = await judgeOn(host, checks, { checkMs, signal: limit.signal });
  limit.done();
  signal.throwIfAborted();
  return {
    host,
    run,
    runs,
    observations: await Promise.all(observationKeys.map((key): Promise<Observation> => host.observe(key))),
  };
}

function recordingIn(file: string, members: ReadonlyMap<string, Buffer>): ReturnType<typeof parseRecording> {
  try {
    return parseRecording(members);
  } catch (error) {
    if (!(error instanceof BundleRefused)) throw error;
    throw new UsageError(`${file} cannot be analysed: ${sayRefused(error)}`);
  }
}
