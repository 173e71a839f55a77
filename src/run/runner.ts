import { deadline, within } from '../deadline.ts';
import { type Host, see } from '../host/host.ts';
import { type Check, type Finding, skipped, unknown } from '../model/check.ts';
import type { Observation, ObservationKey, Seen } from '../model/observation.ts';

/** The findings of one check, and how long it and its observations took. */
export interface CheckRun {
  readonly check: Check;
  readonly findings: readonly Finding[];
  readonly durationMs: number;
}

export interface RunOptions {
  /** Milliseconds that one check may take, its observations included. */
  readonly checkMs: number;
  readonly signal: AbortSignal;
  readonly onDone?: (run: CheckRun) => void;
}

/** Checks judged at the same time. The host shares their observations and bounds them. */
const concurrency = 8;

/**
 * Runs every check and returns the results in the given order. A check that throws, takes too long or lacks an
 * observation becomes `unknown` with the reason, and does not affect the others. Never rejects.
 */
export async function runChecks(
  checks: readonly Check[],
  host: Host,
  options: RunOptions,
): Promise<readonly CheckRun[]> {
  const runs: CheckRun[] = [];
  const waiting = checks.entries();
  const worker = async (): Promise<void> => {
    for (const [index, check] of waiting) {
      const run = await runCheck(check, host, options);
      runs[index] = run;
      options.onDone?.(run);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, checks.length) }, worker));
  return runs;
}

async function runCheck(check: Check, host: Host, { checkMs, signal }: RunOptions): Promise<CheckRun> {
  const start = performance.now();
  const limit = deadline(checkMs, signal);
  const late = (): readonly Finding[] => [cannotTell('overran', { ms: Math.round(performance.now() - start) })];
  const findings = await within(judge(check, host, limit.signal), checkMs, signal, late);
  limit.done();
  return { check, findings, durationMs: Math.round(performance.now() - start) };
}

async function judge(check: Check, host: Host, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    const looks: readonly Observation[] = await Promise.all(check.needs.map((key) => host.observe(key)));
    const blind = looks.find((look) => !look.ok);
    if (blind && !blind.ok) {
      // The checks of the home itself say why nothing in it can be read.
      const home = await host.observe('home');
      if (home.ok && home.value.kind === 'directory' && !home.value.listable) return [notAsked('home-unreadable')];
      return [
        cannotTell(
          'unobserved',
          {
            observation: blind.key,
            reason: blind.error.code,
            message: blind.error.message,
            ...(blind.error.command !== undefined && { command: blind.error.command }),
          },
          blind.key,
        ),
      ];
    }
    // All observations that it needs exist.
    const seen = (await see(host, [...check.needs, ...(check.wants ?? [])])) as Seen;
    const reason = check.skip?.(seen);
    if (reason !== undefined) return [notAsked(reason)];
    const findings = await check.judge(seen, signal);
    return findings.length > 0 ? findings : [cannotTell('threw', { message: 'the check said nothing' })];
  } catch (error) {
    return [
      cannotTell('threw', {
        message: error instanceof Error ? error.message : String(error),
      }),
    ];
  }
}

const notAsked = (reason: string): Finding => skipped(reason, '<coven-home>', { evidence: [] });

function cannotTell(code: string, facts: Finding['facts'], observation?: ObservationKey): Finding {
  const evidence = observation ? [{ observation, field: 'error', value: String(facts.reason) }] : [];
  return unknown(code, '<coven-home>', { facts, evidence });
}
