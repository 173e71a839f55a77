import { makeGate } from '../bundle/gate.ts';
import { vocabulary } from '../bundle/vocabulary.ts';
import type { Check } from '../model/check.ts';
import type { Requirements, UpgradeState } from '../upgrade/state.ts';

/** Replaces texts that are not known to be harmless by keyed placeholders. Equal texts stay equal. Sealing twice changes nothing. */
export interface Seal {
  /** Observations by their keys. */
  readonly seen: <T extends object>(observations: T) => T;
  /** A check that judges sealed observations, so that its findings contain nothing else. */
  readonly check: (check: Check) => Check;
  readonly requirements: (asked: Requirements) => Requirements;
}

export function makeSeal(salt: string): Seal {
  const gate = makeGate({ words: vocabulary(), reader: 'program', key: salt });
  const value = (of: unknown): unknown => gate.json(of).value;
  const seen = <T extends object>(all: T): T =>
    Object.fromEntries(Object.entries(all).map(([key, one]) => [key, value(one)])) as T;
  // A name is sealed like the same key in an answer of the daemon.
  const name = (text: string): string => Object.keys(value({ [text]: true }) as object)[0] ?? text;
  return {
    seen,
    check: (check) => ({ ...check, sealed: true, judge: (found, signal) => check.judge(seen(found), signal) }),
    requirements: ({ targetVersion, contract, capabilities }) => ({
      targetVersion: targetVersion && gate.text(targetVersion),
      contract: contract && gate.text(contract),
      capabilities: capabilities.map(name),
    }),
  };
}

/** The checks of a postflight. Those that compare get both sides sealed with the salt of the saved state. */
export function comparing(
  before: UpgradeState,
  checksOf: (before: UpgradeState) => readonly Check[],
): readonly Check[] {
  // Before 0.2.0, a state was saved unsealed.
  if (before.salt === undefined) return checksOf(before);
  const seal = makeSeal(before.salt);
  const requirements = seal.requirements(before.requirements);
  return checksOf({ ...before, requirements }).map((check) =>
    check.category === 'upgrade' ? seal.check(check) : check,
  );
}
