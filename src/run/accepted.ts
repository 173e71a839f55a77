import type { Finding, Status } from '../model/check.ts';

/** Who accepted a finding, and until when. */
export interface Suppression {
  readonly check: string;
  /** The cause; without it, every cause of the check. */
  readonly code?: string;
  readonly reason: string;
  /** `2026-12-31`: the last day, in UTC, on which it holds. */
  readonly expires: string;
}

/** A saved report. Findings in it are not new. */
export interface Baseline {
  readonly runId: string;
  /** Status by fingerprint. A finding that became worse is new. */
  readonly statuses: ReadonlyMap<string, Status>;
}

/** Findings accepted beforehand, each by name. Accepting one only keeps it from the exit code. */
export interface Accepted {
  readonly suppressions: readonly Suppression[];
  readonly baseline: Baseline | null;
}

export const nothingAccepted: Accepted = { suppressions: [], baseline: null };

/** A finding, and why it does not count for the exit code, or why it counts again. */
export interface Judged extends Finding {
  readonly suppressed?: Pick<Suppression, 'reason' | 'expires'>;
  /** Whether it is in the baseline. */
  readonly known?: true;
  /** An expired suppression that covered it. The finding then counts, whatever the threshold. */
  readonly expired?: Pick<Suppression, 'reason' | 'expires'>;
}

/** Identifies the same cause of the same target from one run to the next. */
export function fingerprint(checkId: string, { code, target }: Pick<Finding, 'code' | 'target'>): string {
  return `${checkId}/${code}/${target}`;
}

/**
 * What was accepted about a finding on a day (`2026-12-31`, UTC). Only faults can be accepted. `unknown` cannot, and a
 * check that nobody needs is excluded with --skip instead.
 */
export function accept(checkId: string, finding: Finding, { suppressions, baseline }: Accepted, day: string): Judged {
  if (finding.status !== 'fail' && finding.status !== 'warn') return finding;
  const matching = suppressions.filter(
    ({ check, code }) => check === checkId && (code ?? finding.code) === finding.code,
  );
  const said = ({ reason, expires }: Suppression) => ({ reason, expires });
  const valid = matching.find(({ expires }) => expires >= day);
  if (valid) return { ...finding, suppressed: said(valid) };
  const [late] = matching;
  if (late) return { ...finding, expired: said(late) };
  const before = baseline?.statuses.get(fingerprint(checkId, finding));
  return before === 'fail' || before === finding.status ? { ...finding, known: true } : finding;
}
