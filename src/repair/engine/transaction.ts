import type { Phase, Step } from '../../model/step.ts';
import { refuseDrift } from './folder.ts';
import type { Journal } from './journal.ts';
import type { Kind, StepContext, Task } from './kind.ts';
import { kindOf } from './kinds/index.ts';
import { phaseLocks, takeLocks } from './locks.ts';
import { type Reason, Refusal, reasonOf } from './refusal.ts';
import type { RepairContext } from './repair-context.ts';

export interface FixOutcome {
  readonly fix: string;
  /** `refused`: nothing was done. `rolled-back`: nothing of it is left. `failed`: something is; the reason tells. */
  readonly outcome: 'fixed' | 'refused' | 'rolled-back' | 'failed';
  readonly reason: Reason | null;
}

export type Progress =
  | { readonly stage: 'backup' | 'recheck' }
  | { readonly stage: 'take' | 'taken' | 'undone'; readonly step: Step };

/** A run between its begin and its end. What it decides about a fix is in `outcomes`, and final. */
export interface Transaction {
  readonly repair: RepairContext;
  readonly context: StepContext;
  readonly journal: Journal;
  readonly outcomes: Map<string, FixOutcome>;
  /** Steps that were announced and are not taken back, in the order of their taking. */
  readonly taken: Step[];
  readonly tell: (progress: Progress) => void;
  /** Why nothing can be announced any more, and so nothing be done. */
  journalFailed: Reason | null;
}

/** The transaction of a run whose folders are open; `rest` gives folders of this run and of earlier ones. */
export function openTransaction(
  repair: RepairContext,
  run: string,
  journal: Journal,
  rest: Pick<StepContext, 'quarantine' | 'staged' | 'signal'> & Pick<Transaction, 'tell'>,
): Transaction {
  const { quarantine, staged, signal, tell } = rest;
  const context = { home: repair.home, homePath: repair.homePath, run, quarantine, staged, signal };
  return { repair, context, journal, outcomes: new Map(), taken: [], tell, journalFailed: null };
}

export const isOpen = ({ journalFailed, context }: Transaction): boolean => !journalFailed && !context.signal.aborted;

/** Takes the steps of one phase under its locks. A fix of which one fails is rolled back; the others go on. */
export async function takePhase(
  tx: Transaction,
  steps: readonly Step[],
  phase: Phase,
  ready: () => Promise<void> = async () => undefined,
): Promise<void> {
  const wanted = steps.filter((step) => step.phase === phase && !tx.outcomes.has(step.fix));
  if (wanted.length === 0 || !isOpen(tx)) return;
  try {
    await underLocks(tx, phase, async (verify) => {
      await ready();
      for (const step of wanted) {
        if (!isOpen(tx)) return;
        if (tx.outcomes.has(step.fix)) continue;
        await take(tx, step, verify).catch((error) => giveUp(tx, step.fix, whyOf(tx, error), phase));
      }
    });
  } catch (error) {
    const reason = reasonOf(error);
    for (const fix of new Set(wanted.map(({ fix }) => fix)))
      if (!tx.outcomes.has(fix)) await giveUp(tx, fix, reason, 'after');
  }
}

/** What fails when a signal cuts it short would have gone on without it. */
function whyOf({ context }: Transaction, error: unknown): Reason {
  const reason = reasonOf(error);
  return context.signal.aborted ? { code: 'interrupted', facts: {} } : reason;
}

async function take(tx: Transaction, step: Step, verify: () => void): Promise<void> {
  const unmet = step.requires.find((fix) => (tx.outcomes.get(fix)?.outcome ?? 'fixed') !== 'fixed');
  if (unmet) throw new Refusal('requires', { fix: unmet });
  const { kind, task } = taskOf(step, tx.context);
  verify();
  await kind.check(task);
  announce(tx, { record: 'intent', step });
  tx.taken.push(step);
  tx.tell({ stage: 'take', step });
  try {
    await kind.apply(task);
  } catch (error) {
    if (error instanceof Refusal) withdraw(tx, step);
    throw error;
  }
  const state = await kind.state(task);
  if (state.at === 'elsewhere') refuseDrift(state.path, state.fields);
  if (state.at !== 'after') throw new Refusal('not-verified', { step: step.id });
  announce(tx, { record: 'done', step: step.id, inverse: kind.inverse?.(task) ?? null });
  tx.tell({ stage: 'taken', step });
}

/** Writes a record; where that fails, the run can only be rolled back. */
export function announce(tx: Transaction, record: Parameters<Journal['write']>[0]): void {
  try {
    tx.journal.write(record);
  } catch (error) {
    tx.journalFailed = reasonOf(error);
    throw error;
  }
}

/** Tells what was done; the machine shows it as well, so that a recovery finds it without the record. */
function note(tx: Transaction, record: Parameters<Journal['write']>[0]): void {
  try {
    announce(tx, record);
  } catch (error) {
    reasonOf(error);
  }
}

/**
 * Takes back what was done for a fix, last first, and decides its outcome. `held` is the phase whose locks are held;
 * others are taken.
 */
export async function giveUp(tx: Transaction, fix: string, reason: Reason, held: Phase): Promise<void> {
  const taken = tx.taken.filter((step) => step.fix === fix);
  if (taken.length === 0) return void tx.outcomes.set(fix, { fix, outcome: 'refused', reason });
  const left = await takeBack(tx, taken, held).catch(reasonOf);
  if (left) {
    const facts = { ...reason.facts, left: left.code, leftAt: left.facts.path ?? left.facts.lock ?? null };
    return void tx.outcomes.set(fix, { fix, outcome: 'failed', reason: { code: reason.code, facts } });
  }
  note(tx, { record: 'rolled-back', fix, reason });
  tx.outcomes.set(fix, { fix, outcome: 'rolled-back', reason });
}

/** Undoes steps, last first, under the locks of their phases. Tells why something is left, or null. */
export async function takeBack(tx: Transaction, steps: readonly Step[], held: Phase): Promise<Reason | null> {
  const strongest = (['gone', 'alive'] as const).find((phase) => steps.some((step) => step.phase === phase)) ?? 'after';
  const isHeld = phaseLocks[strongest].every((name) => phaseLocks[held].includes(name));
  let left: Reason | null = null;
  const undoAll = async (): Promise<void> => {
    for (const step of [...steps].reverse()) left = (await undoOne(tx, step).catch(reasonOf)) ?? left;
  };
  if (isHeld) await undoAll();
  else await underLocks(tx, strongest, undoAll);
  return left;
}

async function undoOne(tx: Transaction, step: Step): Promise<Reason | null> {
  const { kind, task } = taskOf(step, tx.context);
  const state = await kind.state(task);
  if (state.at === 'elsewhere') return { code: 'drift', facts: { path: state.path, fields: state.fields.join(' ') } };
  if (state.at !== 'before') {
    if (!kind.undo) return { code: 'not-undoable', facts: { step: step.id } };
    await kind.undo(task);
  }
  withdraw(tx, step);
  tx.tell({ stage: 'undone', step });
  return null;
}

/** A step of which nothing is left, or nothing was done. */
function withdraw(tx: Transaction, step: Step): void {
  tx.taken.splice(tx.taken.indexOf(step), 1);
  note(tx, { record: 'undone', step: step.id });
}

/** A fix whose steps are all taken and whose cause is gone. */
export function settle(tx: Transaction, fix: string): void {
  announce(tx, { record: 'verified', fix });
  tx.outcomes.set(fix, { fix, outcome: 'fixed', reason: null });
}

/** Ends the run: committed where something of it stands; left unfinished where a recovery has to try again. */
export function end(tx: Transaction, reason: Reason): void {
  const outcomes = [...tx.outcomes.values()];
  const stuck = new Set(outcomes.filter(({ outcome }) => outcome === 'failed').map(({ fix }) => fix));
  if (tx.taken.some((step) => stuck.has(step.fix) && step.undo === 'exact')) return;
  for (const { fix, outcome, reason } of outcomes)
    if (outcome === 'failed' && reason) note(tx, { record: 'kept', fix, reason });
  note(tx, tx.taken.length > 0 ? { record: 'commit' } : { record: 'abort', reason });
}

export function taskOf(step: Step, context: StepContext): { readonly kind: Kind; readonly task: Task } {
  const kind = kindOf(step.action.kind);
  if (!kind) throw new Refusal('vocabulary', { step: step.id });
  return { kind, task: { action: step.action, step, context } };
}

/** Why a step cannot be taken now, or null. */
export async function checkStep(step: Step, context: StepContext): Promise<Reason | null> {
  try {
    const { kind, task } = taskOf(step, context);
    await kind.check(task);
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Calls `act` under the locks of a phase, which it can verify before each step. */
async function underLocks<T>(tx: Transaction, phase: Phase, act: (verify: () => void) => Promise<T>): Promise<T> {
  const held = await takeLocks(tx.repair.home, phaseLocks[phase]);
  try {
    return await act(() => {
      tx.repair.verify();
      held.verify();
    });
  } finally {
    held.release();
  }
}
