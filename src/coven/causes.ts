import type { Check, Finding } from '../model/check.ts';

/** A cause by its check and code. */
export interface CauseName {
  readonly check: string;
  readonly code: string;
}

interface Found {
  readonly check: Pick<Check, 'id' | 'causes'>;
  readonly finding: Finding;
}

const isFault = ({ status }: Finding): boolean => status === 'fail' || status === 'warn' || status === 'unknown';

/**
 * The root that each finding follows from, beside it in the same order; null for one that is a cause of its own. A
 * consequence of a consequence is told of the first cause.
 */
export function rootCauses(found: readonly Found[]): readonly (CauseName | null)[] {
  const faults = found.filter(({ finding }) => isFault(finding));
  const rootOf = ({ check, finding: { code } }: Found, above: readonly string[]): CauseName | null => {
    for (const root of check.causes[code]?.follows ?? []) {
      const [rootCheck = '', rootCode = ''] = root.split(' ');
      const there = faults.find(
        (fault) => fault.check.id === rootCheck && (rootCode === '*' || fault.finding.code === rootCode),
      );
      if (!there || above.includes(root)) continue;
      return rootOf(there, [...above, root]) ?? { check: rootCheck, code: there.finding.code };
    }
    return null;
  };
  return found.map((one) => {
    if (!isFault(one.finding)) return null;
    return one.finding.code === 'unobserved' ? firstBlind(faults, one) : rootOf(one, []);
  });
}

/**
 * What could not be seen is told by the check that is named for it, else by the first that needed it. What one command
 * would let us see is one cause.
 */
function firstBlind(faults: readonly Found[], { check, finding: { code, facts } }: Found): CauseName | null {
  const same = faults.filter(
    ({ finding }) =>
      finding.code === code &&
      (facts.command === undefined
        ? finding.facts.observation === facts.observation
        : finding.facts.command === facts.command),
  );
  const named = same.find(({ check, finding }) => check.id === String(finding.facts.observation).replace('.', ':'));
  const first = named ?? same[0];
  return first && first.check.id !== check.id ? { check: first.check.id, code } : null;
}
