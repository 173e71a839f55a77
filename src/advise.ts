import { judgeLifecycle, type LifecycleSight, lifecycleNeeds } from './coven/lifecycle.ts';
import type { Host } from './host/host.ts';
import type { Facts } from './model/check.ts';
import type { CheckRun } from './runner.ts';

/**
 * Adds to what is wrong the facts that hints need to advise no command that is known to fail here: what is in the way of
 * a start, a restart, a stop and a vacuum, and the daemon's verdict. A look that failed is in nobody's way.
 */
export async function advise(runs: readonly CheckRun[], host: Host): Promise<readonly CheckRun[]> {
  if (runs.every(({ findings }) => findings.every(({ status }) => status === 'pass' || status === 'skipped')))
    return runs;
  const looks = await Promise.all(lifecycleNeeds.map((key) => host.observe(key)));
  const sight = Object.fromEntries(looks.map((look) => [look.key, look.ok ? look.value : null]));
  const lifecycle = judgeLifecycle(sight as unknown as LifecycleSight);
  if (!lifecycle) return runs;
  const facts: Facts = {
    daemonVerdict: lifecycle.verdict,
    daemonPid: lifecycle.pid,
    startBlockedBy: lifecycle.start.join(', '),
    restartBlockedBy: lifecycle.restart.join(', '),
    stopBlockedBy: lifecycle.stop.join(', '),
    vacuumBlockedBy: lifecycle.vacuum.join(', '),
  };
  return runs.map((run) => ({
    ...run,
    findings: run.findings.map((finding) => ({ ...finding, facts: { ...facts, ...finding.facts } })),
  }));
}
