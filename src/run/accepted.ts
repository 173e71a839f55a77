import type { Finding, Status } from '../model/check.ts';

/** Who accepted a finding, and until when. */
export interface Suppression {
  readonly check: string;
  /** Only this cause; without it, every cause of the check. */
  readonly code?: string;
  readonly reason: string;
  /** `2026-12-31`: the last day, in UTC, on which it holds. */
  readonly expires: string;
}

/** What a saved report said: what was found then is not new now. */
export interface Baseline {
  readonly runId: string;
  /** By fingerprint; what has become worse since is new. */
  readonly statuses: ReadonlyMap<string, Status>;
}

/** What was said beforehand about findings. It can only take them out of the exit code, and each by name. */
export interface Accepted {
  readonly suppressions: readonly Suppression[];
  readonly baseline: Baseline | null;
}

export const nothingAccepted: Accepted = { suppressions: [], baseline: null };

/** A finding, and why it does not count for the exit code, or why it counts again. */
export interface Judged extends Finding {
  readonly suppressed?: Pick<Suppression, 'reason' | 'expires'>;
  /** It is in the baseline. */
  readonly known?: true;
  /** A suppression that covered it until it expired: it counts whatever the threshold is. */
  readonly expired?: Pick<Suppression, 'reason' | 'expires'>;
}

/** The same cause on the same thing, from one run to the next. */
export function fingerprint(checkId: string, { code, target }: Pick<Finding, 'code' | 'target'>): string {
  return `${checkId}/${code}/${target}`;
}

/**
 * What is said beforehand about a finding, on a day (`2026-12-31`, UTC). Only faults are accepted: what could not be
 * determined is nobody's to accept, and a check that need not be asked is left out instead.
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
