import type { Facts, Finding } from '../check.ts';
import { ledgerParts, names } from '../coven/layout.ts';
import type { FileIdentity } from '../observation.ts';
import type { PlanSight } from './sight.ts';
import type { Action, Risk, Step } from './step.ts';

/** A step before it has its place in a plan. */
export type Draft = Pick<Step, 'action' | 'phase' | 'risk' | 'undo'>;

/**
 * What is done about a finding: steps of its own, then a daemon started or restarted where it asks for one. A refusal
 * names why nothing is done, as a code that render has words for.
 */
export type Remedy =
  | {
      readonly steps: readonly Draft[];
      readonly daemon?: 'start' | 'restart';
      /** What of the finding is not done, and why; its facts count what stays. */
      readonly left?: { readonly reason: string; readonly facts: Facts } | undefined;
    }
  | { readonly refuse: string; readonly facts?: Facts };

export interface PlanOptions {
  /** What the operator has agreed to beyond `safe`. */
  readonly allow: ReadonlySet<Risk>;
  /** A daemon that is merely stopped is started, too. */
  readonly startStopped: boolean;
}

/** By `check code`. Pure: the same finding, observations and options give the same remedy. */
export type Remedies = Readonly<Record<string, (sight: PlanSight, finding: Finding, options: PlanOptions) => Remedy>>;

export const refuse = (reason: string, facts?: Facts): Remedy => ({ refuse: reason, ...(facts && { facts }) });

export const draft = (action: Action, phase: Step['phase'], risk: Risk = 'safe'): Draft => ({
  action,
  phase,
  risk,
  undo: reversible.includes(action.kind) ? 'exact' : 'none',
});

const reversible: readonly Action['kind'][] = [
  'quarantine',
  'set-mode',
  'set-owner',
  'checkpoint',
  'rebuild-index',
  'rebuild-search',
];

/** What is known of a name in the home, or null where it was not seen: nothing is done to what was not seen. */
export const identityOf = (sight: PlanSight, name: string): FileIdentity | null =>
  sight['home.identities']?.files[name] ?? null;

/** Moves names into quarantine, where each was seen; refuses where none was. */
export function moveAside(sight: PlanSight, paths: readonly string[], risk: Risk = 'safe'): Remedy {
  const steps = paths.flatMap((path) => {
    const was = identityOf(sight, path);
    const beside = ledgerParts.includes(path) ? { beside: identityOf(sight, names.ledger) } : {};
    return was ? [draft({ kind: 'quarantine', path, was, ...beside }, 'gone', risk)] : [];
  });
  return steps.length > 0 ? { steps } : refuse('not-seen', { name: paths[0] ?? '' });
}
