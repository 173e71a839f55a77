import { join } from 'node:path';
import { cutOffMoves, endOldRestore } from '../../backup/old-restore.ts';
import { Refused } from '../../backup/refused.ts';
import { names } from '../../coven/layout.ts';
import { closeFolder } from '../../host/folder.ts';
import type { Step } from '../../model/step.ts';
import { openJournal, readJournal } from './journal.ts';
import type { StepState } from './kind.ts';
import { phaseLocks, takeLocks } from './locks.ts';
import { type Reason, Refusal, reasonOf } from './refusal.ts';
import { hasRuns, openRepairContext, type RepairContext } from './repair-context.ts';
import { openRun, openRunFolders, runIds } from './run.ts';
import { type RunState, runStateOf } from './run-state.ts';
import { sweep } from './sweep.ts';
import { announce, openTransaction, type Transaction, takeBack, taskOf } from './transaction.ts';

/** An unfinished run, and what became of each of its fixes. */
export interface Recovered {
  readonly run: string;
  readonly fixes: readonly {
    readonly fix: string;
    /** `stands`: it was complete. `kept`: what was done is left, since it was complete or cannot be taken back. */
    readonly outcome: 'stands' | 'kept' | 'rolled-back';
    readonly reason: Reason | null;
  }[];
}

/**
 * Completes or takes back what unfinished runs left behind. Rejects with a refusal where that cannot be done now: a lock
 * is held, the home is not the user's, or a journal is damaged or not ours. Finds nothing to do the second time.
 */
export async function recoverRuns(home: string, signal: AbortSignal): Promise<readonly Recovered[]> {
  if (!hasRuns(home)) return [];
  const repair = await openRepairContext(home);
  try {
    return await recoverAll(repair, signal);
  } finally {
    repair.close();
  }
}

/** The same for a repair that is open; the newest run first, since later runs stand on earlier ones. */
export async function recoverAll(repair: RepairContext, signal: AbortSignal): Promise<readonly Recovered[]> {
  const recovered: Recovered[] = [];
  for (const run of runIds(repair.runs)) {
    const folder = openRun(repair.runs, run);
    const folders = openRunFolders(repair.runs);
    try {
      const old = await recoverOldRestore(repair, run);
      if (old) recovered.push(old);
      if (runStateOf(readJournal(folder, run), repair.home).state !== 'unfinished') continue;
      const journal = openJournal(folder, run);
      try {
        const rest = { ...folders, signal, tell: () => undefined };
        const tx = openTransaction(repair, run, journal, rest);
        const runState = runStateOf(journal.records, repair.home);
        recovered.push({ run, fixes: runState.isOfHome ? await recover(tx, runState) : leave(tx, runState) });
      } finally {
        journal.close();
      }
    } catch (error) {
      const { code, facts } = reasonOf(error);
      throw new Refusal(code === 'io' || code === 'lock-held' ? 'unfinished' : code, { run, why: code, ...facts });
    } finally {
      folders.close();
      closeFolder(folder);
    }
  }
  sweep(repair);
  return recovered;
}

/** A restore of version 0.1.0, which had a list of moves instead of a journal. */
async function recoverOldRestore({ home, homePath }: RepairContext, run: string): Promise<Recovered | null> {
  const ground = { home: homePath, run: join(homePath, 'doctor', 'runs', run) };
  try {
    const moves = cutOffMoves(ground.run);
    if (!moves) return null;
    const locks = await takeLocks(home, phaseLocks.gone);
    try {
      return { run, fixes: [{ fix: 'backup restore', ...ofOldRestore(endOldRestore(ground, moves), run) }] };
    } finally {
      locks.release();
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refusal('unfinished-restore', { why: error.message });
  }
}

function ofOldRestore(
  end: ReturnType<typeof endOldRestore>,
  run: string,
): Pick<Recovered['fixes'][number], 'outcome' | 'reason'> {
  if (end === 'taken-back') return { outcome: 'rolled-back', reason: interrupted };
  if (end === 'finished') return { outcome: 'stands', reason: null };
  return { outcome: 'kept', reason: writtenSince(names.ledger, run) };
}

const writtenSince = (path: string, run: string): Reason => ({ code: 'written-since', facts: { path, run } });

async function recover(tx: Transaction, runState: RunState): Promise<Recovered['fixes']> {
  const stands = new Set(runState.stands);
  const fixes: Recovered['fixes'][number][] = [...stands].map((fix) => ({ fix, outcome: 'stands', reason: null }));
  const pending = runState.steps.filter(({ step }) => !stands.has(step.fix));
  for (const fix of new Set([...pending].reverse().map(({ step }) => step.fix))) {
    const steps = pending.filter(({ step }) => step.fix === fix);
    const kept = await takeBackFix(
      tx,
      steps.map(({ step }) => step),
      runState.begin?.steps,
    );
    if (kept === 'complete') {
      for (const { step, done } of steps) if (!done) tellDone(tx, step);
      announce(tx, { record: 'verified', fix });
      fixes.push({ fix, outcome: 'stands', reason: null });
      continue;
    }
    if (!kept) {
      announce(tx, { record: 'rolled-back', fix, reason: interrupted });
      fixes.push({ fix, outcome: 'rolled-back', reason: interrupted });
      continue;
    }
    for (const { step, done } of steps) if (!done && tx.taken.includes(step)) tellDone(tx, step);
    announce(tx, { record: 'kept', fix, reason: kept });
    fixes.push({ fix, outcome: 'kept', reason: kept });
  }
  const isAnythingLeft = fixes.some(({ outcome }) => outcome !== 'rolled-back');
  announce(tx, isAnythingLeft ? { record: 'commit' } : { record: 'abort', reason: interrupted });
  return fixes;
}

/** The run of a home that this one is a copy of: its identities say nothing here, and what it moved is in its place. */
function leave(tx: Transaction, { steps }: RunState): Recovered['fixes'] {
  const reason: Reason = { code: 'other-home', facts: {} };
  announce(tx, { record: 'abort', reason });
  return [...new Set(steps.map(({ step }) => step.fix))].map((fix) => ({ fix, outcome: 'kept', reason }));
}

const interrupted: Reason = { code: 'interrupted', facts: {} };

/**
 * Takes the steps of a fix back, and tells why something of it is kept, or null. What a daemon did since it was started,
 * or a signal that was sent, cannot be taken back: such a fix stays as it is. Nor is anything taken back where the last
 * step of the run, of `count`, was through and others went on from there: the fix is complete. No lock is needed where
 * nothing is to do.
 */
async function takeBackFix(
  tx: Transaction,
  steps: readonly Step[],
  count: number | undefined,
): Promise<Reason | 'complete' | null> {
  let kept: Reason | null = null;
  const undo: Step[] = [];
  for (const step of steps) {
    const { kind, task } = taskOf(step, tx.context);
    const state = await kind.state(task);
    if (state.at === 'before') {
      announce(tx, { record: 'undone', step: step.id });
      continue;
    }
    tx.taken.push(step);
    if (state.at === 'elsewhere') kind.leave?.(task);
    if (state.at === 'elsewhere' && state.done && step.id === String(count)) return 'complete';
    if (!kind.undo) kept ??= { code: 'not-undoable', facts: { step: step.id } };
    else if (state.at !== 'elsewhere') undo.push(step);
    else kept ??= keptFor(step, state, tx.context.run);
  }
  if (kept?.code === 'not-undoable' || undo.length === 0) return kept;
  const left = await takeBack(tx, undo, 'after');
  if (tx.journalFailed) throw new Refusal('unfinished', tx.journalFailed.facts);
  if (left && left.code !== 'drift') throw new Refusal(left.code, left.facts);
  return left ?? kept;
}

const ledgerKinds: readonly string[] = ['swap-ledger', 'checkpoint', 'rebuild-index', 'rebuild-search'];

/** A ledger that others wrote to holds rows that are nowhere else; of anything else it is told what is not as it was. */
const keptFor = ({ action }: Step, { path, fields }: Extract<StepState, { at: 'elsewhere' }>, run: string): Reason =>
  ledgerKinds.includes(action.kind)
    ? writtenSince(path, run)
    : { code: 'drift', facts: { path, fields: fields.join(' ') } };

function tellDone(tx: Transaction, step: Step): void {
  const { kind, task } = taskOf(step, tx.context);
  announce(tx, { record: 'done', step: step.id, inverse: kind.inverse?.(task) ?? null });
}
