import type { Folder } from '../../host/folder.ts';
import type { Action, ActionKind, Step } from '../../model/step.ts';

/** Where a step is taken. */
export interface StepContext {
  readonly home: Folder;
  /** Canonical path of the home, for programs that cannot be given an open folder: SQLite, the daemon. */
  readonly homePath: string;
  /** The run that the step belongs to. */
  readonly run: string;
  /** The quarantine of a run, this one or an earlier one. Throws a refusal where it is not ours. */
  readonly quarantine: (run: string) => Folder;
  /** What a run made itself, to be put in the home; scratch once the run is over. */
  readonly staged: (run: string) => Folder;
  /** Fires when the run should end; a step that waits for something ends its waiting. */
  readonly signal: AbortSignal;
}

/** One step to take, look at or take back. */
export interface Task<A extends Action = Action> {
  readonly action: A;
  readonly step: Step;
  readonly context: StepContext;
}

/** Where what comes into the home lies: what this run staged, or what an earlier one moved away. */
export const sourceOf = (context: StepContext, run: string): Folder => context[sourceName(context, run)](run);

export const sourceName = (context: StepContext, run: string): 'staged' | 'quarantine' =>
  run === context.run ? 'staged' : 'quarantine';

/**
 * How far a step is, told from the machine alone: what a recovery goes by. `between` is what a crash can leave in the
 * middle; `elsewhere` names the fields in which something changed that is not of our doing, and `done` tells that it did
 * after the step was through.
 */
export type StepState =
  | { readonly at: 'before' | 'between' | 'after' }
  | { readonly at: 'elsewhere'; readonly path: string; readonly fields: readonly string[]; readonly done?: boolean };

/**
 * One kind of step. Proofs are read again in `apply` and `undo`, right before the act and in the same synchronous call.
 * A Refusal from either says that nothing was done; what a system call threw says nothing of that.
 */
export interface Kind<K extends ActionKind = ActionKind> {
  readonly kind: K;
  /** Throws where anything is not as the step was planned on. */
  readonly check: (task: Task<ActionOf<K>>) => void | Promise<void>;
  readonly apply: (task: Task<ActionOf<K>>) => void | Promise<void>;
  readonly state: (task: Task<ActionOf<K>>) => StepState | Promise<StepState>;
  /**
   * Brings back what `check` saw, from `between` and `after` alike, and can be done again after a crash in the middle.
   * Absent where `undo` of such steps is `none`.
   */
  readonly undo?: (task: Task<ActionOf<K>>) => void | Promise<void>;
  /** Whether what it brings about is so already, by whoever's doing: an undo leaves such a step out. */
  readonly isSo?: (task: Task<ActionOf<K>>) => boolean;
  /** Takes second names away that a crash left, where the step stays as it is, since others changed what it is about. */
  readonly leave?: (task: Task<ActionOf<K>>) => void;
  /** The action by which a later run takes this one back, with the image that it left; null where others changed that. */
  readonly inverse?: (task: Task<ActionOf<K>>) => Action | null;
}

export type ActionOf<K extends ActionKind> = Extract<Action, { readonly kind: K }>;

/** Declares a kind, widened so that different ones stand in one list; the engine gives each the actions of its name. */
export function defineKind<const K extends ActionKind>(kind: Kind<K>): Kind {
  return kind as unknown as Kind;
}
