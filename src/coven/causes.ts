import type { Finding } from '../check.ts';

/** A cause by its check and code. */
export interface CauseName {
  readonly check: string;
  readonly code: string;
}

const any = '*';

/** A daemon that does not answer is told by the checks of the daemon. */
const unanswered = (...checks: readonly string[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    checks.map((check) => [
      `${check} no-answer`,
      [`daemon ${any}`, `daemon:health ${any}`, 'upgraded:version not-running'],
    ]),
  );

/**
 * What follows from what, as `check code`: where one of the roots is found beside it, a finding is a consequence and is
 * not told as a cause of its own. `*` stands for every code that is a fault. Source: the faults of Coven 0.4.6, each
 * seen to bring these others with it.
 */
export const roots: Readonly<Record<string, readonly string[]>> = {
  'daemon unreachable': ['daemon:socket foreign-owner'],
  'daemon:socket stale': ['daemon stale', 'daemon:socket open-mode'],
  'daemon:socket hung': ['daemon hung'],
  'daemon:socket slow': ['daemon slow'],
  'daemon:socket unlinked': ['daemon unreachable'],
  'daemon:socket foreign-listener': ['daemon foreign'],
  'daemon:record dead-pid': ['daemon stale'],
  'daemon:record zombie-pid': ['daemon stale'],
  'daemon:record reused-pid': ['daemon stale'],
  'daemon:record undetermined': ['daemon undetermined'],
  'daemon:duplicates second-daemon': ['daemon duplicate'],
  // A daemon that was killed leaves its rows; after a clean stop they are the one thing to look at.
  'sessions:orphaned orphaned': ['daemon stale'],
  'sessions:orphaned undetermined': [
    'daemon hung',
    'daemon slow',
    'daemon unreachable',
    'daemon foreign',
    'daemon undetermined',
    'store:integrity corrupt',
  ],
  'sessions:leases expired': ['daemon hung', 'daemon slow', 'daemon unreachable', 'daemon stale'],
  'daemon:log start-incomplete': [
    `store:open ${any}`,
    'home:path socket-path-too-long',
    'home:disk full',
    'home:disk inodes-full',
    'home:filesystem read-only',
    'daemon:socket not-a-socket',
    'daemon:socket foreign-owner',
  ],
  'daemon:log crash-loop': [`store:open ${any}`, 'home:disk full'],
  'daemon:log panic': ['daemon:log crash-loop'],
  'daemon:health storage-critical': ['home:disk full'],
  'daemon:health storage-warning': ['home:disk low', 'store:wal large'],
  'daemon:health storage-degraded': ['home:config unparsable'],
  'daemon:health writer-failed': ['home:disk full', `store:open ${any}`],
  'daemon:contract missing': ['daemon:health invalid-response'],
  'daemon:capabilities missing': ['daemon:health invalid-response', `daemon:contract ${any}`],
  'daemon:capabilities unanswered': ['daemon:health invalid-response', 'daemon:health error-response'],
  'daemon:version skew': ['daemon:version replaced-executable'],
  'home:owner undetermined': ['home:mode not-writable'],
  'home:owner foreign-entries': ['home:owner foreign-owner'],
  'home:mode not-writable': ['home:filesystem read-only'],
  'home:disk no-room-for-backup': ['home:disk low', 'home:disk full', 'upgrade:room no-room-for-migration'],
  // A WAL that is too large to be copied keeps the ledger from being read.
  'store:open undetermined': ['store:wal large'],
  'store:wal alone': ['store:open missing', 'store:open empty'],
  'store:open unreadable': ['home:owner foreign-entries'],
  'store:index index-mismatch': ['store:integrity corrupt'],
  'daemon stopped': ['upgraded:version not-running'],
  'daemon stale': ['upgraded:version not-running'],
  'install:binaries shadowed': ['upgrade:binaries shadowed-target'],
  'upgrade:sessions undetermined': ['sessions:orphaned undetermined'],
  'upgrade:room no-room-for-migration': ['home:disk full', 'home:disk low'],
  'upgrade:room undetermined': [`store:open ${any}`],
  'upgrade:contract differs': [`daemon:contract ${any}`],
  'upgrade:capabilities missing': [`daemon:contract ${any}`, 'daemon:capabilities missing'],
  'upgraded:capabilities lost': [`daemon:contract ${any}`, 'daemon:capabilities missing'],
  ...unanswered(
    'upgrade:target',
    'upgrade:contract',
    'upgrade:capabilities',
    'upgraded:capabilities',
    'upgraded:version',
  ),
};

const isFault = ({ status }: Finding): boolean => status === 'fail' || status === 'warn' || status === 'unknown';

/**
 * The root that each finding follows from, beside it in the same order; null for one that is a cause of its own. A
 * consequence of a consequence is told of the first cause.
 */
export function rootCauses(
  found: readonly { readonly check: string; readonly finding: Finding }[],
): readonly (CauseName | null)[] {
  const faults = found.filter(({ finding }) => isFault(finding));
  const rootOf = (check: string, code: string, above: readonly string[]): CauseName | null => {
    for (const root of roots[`${check} ${code}`] ?? []) {
      const [rootCheck = '', rootCode = ''] = root.split(' ');
      const there = faults.find(
        (fault) => fault.check === rootCheck && (rootCode === any || fault.finding.code === rootCode),
      );
      if (!there || above.includes(root)) continue;
      const cause = { check: rootCheck, code: there.finding.code };
      return rootOf(cause.check, cause.code, [...above, root]) ?? cause;
    }
    return null;
  };
  return found.map(({ check, finding }) => {
    if (!isFault(finding)) return null;
    if (finding.code === 'unobserved') return firstBlind(faults, check, finding);
    return rootOf(check, finding.code, []);
  });
}

/**
 * What could not be seen is told by the check that is named for it, else by the first that needed it. What one command
 * would let us see is one cause.
 */
function firstBlind(
  faults: readonly { readonly check: string; readonly finding: Finding }[],
  check: string,
  { code, facts }: Finding,
): CauseName | null {
  const same = faults.filter(
    ({ finding }) =>
      finding.code === code &&
      (facts.command === undefined
        ? finding.facts.observation === facts.observation
        : finding.facts.command === facts.command),
  );
  const named = same.find(({ check, finding }) => check === String(finding.facts.observation).replace('.', ':'));
  const first = named ?? same[0];
  return first && first.check !== check ? { check: first.check, code } : null;
}
