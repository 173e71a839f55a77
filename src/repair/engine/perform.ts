import { constants } from 'node:os';
import { closeFolder } from '../../host/folder.ts';
import type { Plan, Step } from '../../model/step.ts';
import { whileClosed } from './attributes.ts';
import { dropRun, makeWhole } from './durable.ts';
import { type ProvenBackup, refusalOf } from './gate.ts';
import { makeJournal } from './journal.ts';
import { type Reason, Refusal, reasonOf } from './refusal.ts';
import type { RepairContext } from './repair-context.ts';
import { makeRun, openRunFolders, quarantineName, type Run } from './run.ts';
import {
  announce,
  checkStep,
  end,
  type FixOutcome,
  giveUp,
  isOpen,
  openTransaction,
  type Progress,
  settle,
  type Transaction,
  takePhase,
} from './transaction.ts';

/** Whether the cause of a fix is gone, asked of a new diagnosis; `unknown` is not gone. */
export interface Recheck {
  readonly fix: string;
  readonly verdict: 'gone' | 'still-there' | 'unknown';
}

export interface Work {
  readonly steps: readonly Step[];
  readonly digest: string;
  readonly tool: Plan['tool'];
  readonly undoes: string | null;
  /** Makes a backup in a folder of the run; it rejects where none is proven. */
  readonly backup: ((folder: string) => Promise<ProvenBackup>) | null;
  readonly recheck: (fixes: readonly string[]) => Promise<readonly Recheck[]>;
  /** No step is about what another one leaves: all are checked before the first is taken. */
  readonly atOnce?: boolean;
  readonly signal: AbortSignal;
  readonly tell: (progress: Progress) => void;
}

export interface Performed {
  readonly runId: string;
  readonly outcomes: readonly FixOutcome[];
}

const planName = 'plan.json';

/** One run: a folder, a backup, a journal, the steps in their phases, the re-check, the end. Closes the folder. */
export async function perform(repair: RepairContext, work: Work, run: Run = makeRun(repair.runs)): Promise<Performed> {
  const { id, folder } = run;
  const folders = openRunFolders(repair.runs);
  const where = `${repair.homePath}/doctor/runs/${id}`;
  let begun = false;
  try {
    makeWhole(folder, planName, `${JSON.stringify({ digest: work.digest, steps: work.steps }, null, 2)}\n`);
    const proven = makesRoom(work.steps) ? null : await makeBackup(repair, work, where);
    const journal = makeJournal(folder, work.steps);
    begun = true;
    const { signal, tell } = work;
    const tx = openTransaction(repair, id, journal, { ...folders, signal, tell });
    try {
      const { dev, ino } = repair.home;
      const { digest, tool, undoes } = work;
      const about = { home: { dev, ino }, backup: proven?.id ?? null, steps: work.steps.length };
      announce(tx, { record: 'begin', digest, tool, undoes, ...about });
      await takeAll(tx, work, proven, where);
    } finally {
      journal.close();
    }
    return { runId: id, outcomes: inOrder(work.steps, [...tx.outcomes.values()]) };
  } finally {
    folders.close();
    closeFolder(folder);
    if (!begun) dropRun(repair.runs, id, [planName, `${planName}.part`], [quarantineName]);
  }
}

async function takeAll(tx: Transaction, work: Work, proven: ProvenBackup | null, where: string): Promise<void> {
  const fixes = [...new Set(work.steps.map(({ fix }) => fix))];
  let reason: Reason | null = null;
  try {
    await takePhases(tx, work, fixes, proven, where);
  } catch (error) {
    reason = reasonOf(error);
  }
  reason ??= tx.journalFailed ?? { code: 'interrupted', facts: { signal: String(work.signal.reason) } };
  for (const fix of fixes) if (!tx.outcomes.has(fix)) await giveUp(tx, fix, reason, 'after');
  end(tx, [...tx.outcomes.values()].at(-1)?.reason ?? reason);
}

async function takePhases(
  tx: Transaction,
  work: Work,
  fixes: readonly string[],
  proven: ProvenBackup | null,
  where: string,
): Promise<void> {
  const steps = work.steps.filter((step) => !isRoom(step));
  const endsLater = new Set(steps.filter(({ phase }) => phase === 'after').map(({ fix }) => fix));
  let backup = proven;
  if (makesRoom(work.steps)) {
    const room = work.steps.filter(isRoom);
    await takePhase(tx, room, 'alive');
    await recheck(
      tx,
      work,
      room.map(({ fix }) => fix),
    );
    if (steps.length > 0 && isOpen(tx)) backup = await backUpAnew(tx, work, where);
  }
  await refuseUnsound(tx, steps, backup, null);
  await takePhase(tx, steps, 'alive');
  // What the run itself ended or stopped wrote something while it ended: the copy is made again, once.
  const isNeeded = isOpen(tx) && tx.taken.length > 0 && steps.some(({ phase }) => phase === 'gone');
  if (isNeeded && (await backup?.revalidate())) {
    backup = await backUpAnew(tx, work, where);
    await refuseUnsound(tx, steps, backup, null);
  }
  await takePhase(tx, steps, 'gone', async () => {
    const changed = await backup?.revalidate();
    if (changed) throw new Refusal('backup-outdated', { path: changed });
    for (const step of work.atOnce ? steps : []) {
      const reason = await checkStep(step, tx.context);
      if (reason) throw new Refusal(reason.code, reason.facts);
    }
  });
  await recheck(
    tx,
    work,
    fixes.filter((fix) => !endsLater.has(fix)),
  );
  const rebuilt = steps.filter(({ action }) => action.kind === 'rebuild-index');
  await refuseUnsound(tx, steps, backup, rebuilt.length > 0 && rebuilt.every(({ fix }) => isFixed(tx, fix)));
  await takePhase(tx, steps, 'after');
  await recheck(
    tx,
    work,
    fixes.filter((fix) => endsLater.has(fix)),
  );
}

const isFixed = ({ outcomes }: Transaction, fix: string): boolean => outcomes.get(fix)?.outcome === 'fixed';

/**
 * The gate: gives up every fix that would open a ledger which the proven copy shows to be damaged. Indexes alone are no
 * bar where the run rebuilds them; `isRebuilt` says that it did, null that it is still to come.
 */
async function refuseUnsound(
  tx: Transaction,
  steps: readonly Step[],
  backup: ProvenBackup | null,
  isRebuilt: boolean | null,
): Promise<void> {
  if (!backup) return;
  const willRebuild = (): boolean =>
    steps.some(({ action, fix }) => action.kind === 'rebuild-index' && !tx.outcomes.has(fix));
  for (const step of steps) {
    if (tx.outcomes.has(step.fix)) continue;
    const reason = refusalOf(step, backup, isRebuilt ?? willRebuild());
    if (reason) await giveUp(tx, step.fix, reason, 'after');
  }
}

/** Asks whether the causes are gone, with no lock held; a fix whose cause is not is rolled back. */
async function recheck(tx: Transaction, { recheck, tell }: Work, fixes: readonly string[]): Promise<void> {
  const open = fixes.filter((fix) => !tx.outcomes.has(fix));
  if (open.length === 0 || !isOpen(tx)) return;
  tell({ stage: 'recheck' });
  // A diagnosis that fails has proven nothing.
  const answers = await recheck(open).catch(() => []);
  const verdicts = new Map(answers.map(({ fix, verdict }) => [fix, verdict]));
  if (!isOpen(tx)) return;
  for (const fix of open) {
    const verdict = verdicts.get(fix) ?? 'unknown';
    try {
      if (verdict !== 'gone') throw new Refusal(verdict === 'unknown' ? 'not-verified' : 'still-there');
      settle(tx, fix);
    } catch (error) {
      await giveUp(tx, fix, reasonOf(error), 'after');
    }
  }
}

/** Old backups go before anything else: where the disk is short, a new one takes their room. */
const isRoom = ({ action }: Step): boolean => action.kind === 'remove-backup';
const makesRoom = (steps: readonly Step[]): boolean => steps.some(isRoom);

async function backUpAnew(tx: Transaction, work: Work, where: string): Promise<ProvenBackup | null> {
  const backup = await makeBackup(tx.repair, work, where);
  if (backup) announce(tx, { record: 'backup', backup: backup.id });
  return backup;
}

async function makeBackup(
  { home, verify }: RepairContext,
  { backup, tell, signal }: Work,
  where: string,
): Promise<ProvenBackup | null> {
  if (!backup) return null;
  tell({ stage: 'backup' });
  // It is written by its path, which nobody else may turn elsewhere meanwhile.
  return whileClosed(home, () => {
    verify();
    return backup(where).catch((error) => {
      throw signal.aborted ? new Refusal('interrupted', { signal: String(signal.reason) }) : error;
    });
  });
}

/** Outcomes in the order of the steps that they are about. */
export function inOrder(steps: readonly Step[], outcomes: readonly FixOutcome[]): readonly FixOutcome[] {
  const order = [...new Set(steps.map(({ fix }) => fix))];
  return [...outcomes].sort((a, b) => order.indexOf(a.fix) - order.indexOf(b.fix));
}

/** The exit code of a run; a signal goes before a failure, a failure before a refusal. */
export function exitCode(outcomes: readonly FixOutcome[], signal: AbortSignal): number {
  if (signal.aborted) return 128 + (constants.signals[signal.reason as NodeJS.Signals] ?? constants.signals.SIGTERM);
  const has = (outcome: FixOutcome['outcome']): boolean => outcomes.some((one) => one.outcome === outcome);
  if (has('failed') || has('rolled-back')) return 4;
  return has('refused') ? 5 : 0;
}
