import type { Host } from '../host/host.ts';
import type { Check } from '../model/check.ts';
import { advise } from './advise.ts';
import { type CheckRun, type RunOptions, runChecks } from './runner.ts';

/** Runs checks on a host, recorded or live, and adds the facts that their hints need. */
export async function judgeOn(
  host: Host,
  checks: readonly Check[],
  { onDone, ...options }: RunOptions,
): Promise<readonly CheckRun[]> {
  const events: Promise<void>[] = [];
  // An event has the same hint as the report, so it also waits for the facts of the hint.
  const tell = async (done: CheckRun): Promise<void> => {
    for (const run of await advise([done], host, checks)) await onDone?.(run);
  };
  const runs = await runChecks(checks, host, {
    ...options,
    ...(onDone && { onDone: (run) => events.push(tell(run)) }),
  });
  await Promise.all(events);
  return advise(runs, host, checks);
}
