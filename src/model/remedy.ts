import type { Facts, Finding } from './finding.ts';
import type { FileIdentity } from './observation.ts';
import type { PlanInput } from './plan-input.ts';
import type { Action, Risk, Step } from './step.ts';

/** A step before it has its place in a plan. */
export type Draft = Pick<Step, 'action' | 'phase' | 'risk' | 'undo'>;

/**
 * What is done about a finding: steps of its own, then a daemon started or restarted where it asks for one. A refusal
 * names why nothing is done, as a code that render has words for.
 */
export type Proposal =
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

/** What `--fix` does about a cause. */
export interface Remedy {
  /** What has to be allowed for it: the greatest risk that it may turn out to take. */
  readonly risk: Risk;
  /** It starts or restarts the daemon, which waits for what is in the way of that. */
  readonly daemon?: 'start' | 'restart';
  /** It is refused while a process may have the ledger open: the daemon is stopped before it. */
  readonly closesLedger?: true;
  /** What is merely a warning is left as it is. */
  readonly failuresOnly?: true;
  /** What it does, as the end of a sentence that begins with `--fix`. */
  readonly summary: string;
  /** Whether it can do anything about what was found, by its facts; without this, it can. */
  readonly helps?: (facts: Facts) => boolean;
  /** Pure: the same finding, observations and options give the same proposal. */
  readonly plan: (input: PlanInput, finding: Finding, options: PlanOptions) => Proposal;
}

export const refuse = (reason: string, facts?: Facts): Proposal => ({ refuse: reason, ...(facts && { facts }) });

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
  'rescue-ledger',
];

/** What is known of a name in the home, or null where it was not seen: nothing is done to what was not seen. */
export const identityOf = (input: PlanInput, name: string): FileIdentity | null =>
  input['home.identities']?.files[name] ?? null;
