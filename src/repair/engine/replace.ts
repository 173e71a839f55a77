import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../../coven/layout.ts';
import { at, closeFolder, type Folder } from '../../host/folder.ts';
import { identify } from '../../host/identity.ts';
import { thisMachine } from '../../host/observations/machine.ts';
import type { Stage } from '../../model/stage.ts';
import type { Action, LedgerFiles, Step } from '../../model/step.ts';
import { tool } from '../../package.ts';
import { digestOf } from '../digest.ts';
import { orRefuse } from './apply.ts';
import { whileClosed } from './attributes.ts';
import { makeFolder } from './durable.ts';
import { lookAt } from './folder.ts';
import type { ProvenBackup } from './gate.ts';
import { journalName } from './journal.ts';
import { ledgerAt, settledName } from './kinds/ledger.ts';
import { phaseLocks, takeLocks } from './locks.ts';
import { exitCode, perform, type Recheck } from './perform.ts';
import { type Recovered, recoverAll } from './recover.ts';
import { Refusal } from './refusal.ts';
import { openRepairContext, type RepairContext } from './repair-context.ts';
import { makeRun, openRunFolders, type Run, stagedName } from './run.ts';
import { discard, sweep } from './sweep.ts';
import type { FixOutcome, Progress } from './transaction.ts';

export interface ReplaceOptions<T> {
  /** Absolute path. */
  readonly home: string;
  /** What `runs` calls it: `backup restore`. */
  readonly name: string;
  /** Puts everything on the stage, proven. Rejects where that cannot be done; nothing of the home is changed then. */
  readonly prepare: (stage: Stage) => Promise<T>;
  /** Asked when everything is prepared, with no lock of Coven held. */
  readonly agree: (prepared: T, run: string) => Promise<boolean>;
  /** Makes and proves a backup first, in the folder that it is given; none where what stood there is kept anyhow. */
  readonly backup?: (folder: string) => Promise<ProvenBackup>;
  /** Whether it helped; what did not is taken back. By default the bytes, which were proven as they were staged, are enough. */
  readonly recheck?: (fixes: readonly string[]) => Promise<readonly Recheck[]>;
  readonly signal: AbortSignal;
  readonly tell?: (progress: Progress) => void;
}

export interface Replaced<T> {
  readonly runId: string;
  readonly prepared: T;
  readonly recovered: readonly Recovered[];
  /** Null where it was not agreed to. */
  readonly outcome: FixOutcome | null;
  readonly exit: number;
}

/**
 * Replaces files of a home by others as one run, which is journalled, named by `runs` and taken back by `undo`: all of them or
 * none. What stood there is kept in the quarantine of the run. Runs that were cut off are recovered first. Rejects with
 * a refusal where nothing was begun, and with what `prepare` rejected with.
 */
export async function replaceInHome<T>(options: ReplaceOptions<T>): Promise<Replaced<T>> {
  const { home, name, prepare, agree, signal, tell = () => undefined } = options;
  const repair = await openRepairContext(home);
  let run: Run | null = null;
  let isBegun = false;
  try {
    const recovered = await recoverAll(repair, signal);
    run = makeRun(repair.runs);
    makeFolder(run.folder, stagedName);
    const { id } = run;
    const { stage, steps } = openStage(repair, id, name);
    // It is written by its path, which nobody else may turn elsewhere meanwhile.
    const prepared = await whileClosed(repair.home, () => {
      repair.verify();
      return prepare(stage);
    });
    const done = { runId: id, prepared, recovered };
    if (!(await agree(prepared, stage.run))) return { ...done, outcome: null, exit: exitCode([], signal) || 5 };
    // Who holds them is told before the run begins: nothing is left of it then.
    (await takeLocks(repair.home, phaseLocks.gone)).release();
    const list = steps();
    const digest = digestOf({ home: repair.home, machine: thisMachine(), steps: list });
    const { recheck = isStaged } = options;
    const backup = options.backup ? orRefuse(options.backup, signal) : null;
    const work = { steps: list, digest, tool: tool(), undoes: null, backup, atOnce: true, signal, tell };
    isBegun = true;
    const { outcomes } = await perform(repair, { ...work, recheck }, run);
    const outcome = outcomes[0] ?? { fix: name, outcome: 'fixed' as const, reason: null };
    return { ...done, outcome, exit: exitCode(outcomes, signal) };
  } finally {
    if (run && !isBegun) closeFolder(run.folder);
    const path = run && join(repair.homePath, 'doctor', 'runs', run.id);
    // Without a journal nothing was done.
    if (path && !existsSync(join(path, journalName))) discard(path);
    else sweep(repair);
    repair.close();
  }
}

/** Every byte was proven as it was staged, and each step sees that the very file is in its place. */
const isStaged = async (fixes: readonly string[]): Promise<readonly Recheck[]> =>
  fixes.map((fix) => ({ fix, verdict: 'gone' }));

/** The stage of a run, and the steps that put what is on it by then in the home: the home's own ledger comes last. */
function openStage(
  { home, homePath, runs }: RepairContext,
  run: string,
  fix: string,
): { readonly stage: Stage; readonly steps: () => readonly Step[] } {
  const path = join(homePath, 'doctor', 'runs', run);
  const staged = join(path, stagedName);
  const entries: { readonly path: string; readonly item: string }[] = [];
  const ledgers: { readonly path: string; readonly item: string; readonly seen: LedgerFiles }[] = [];
  const nextItem = (): string => String(entries.length + ledgers.length + 1);
  const stage: Stage = {
    home: homePath,
    run: path,
    entry: (to) => {
      const item = nextItem();
      entries.push({ path: to, item });
      return join(staged, item);
    },
    ledger: (to) => {
      const item = nextItem();
      ledgers.push({ path: to, item, seen: ledgerAt(home, to) });
      return { main: join(staged, ledgerItem(item, to)), settled: join(staged, settledName(item)) };
    },
  };
  const steps = (): readonly Step[] => {
    const folders = openRunFolders(runs);
    try {
      const from = folders.staged(run);
      const places = entries.map((entry) => placeOf(home, from, run, entry));
      const swaps = ledgers
        .filter(({ path, item }) => existsSync(at(from, ledgerItem(item, path))))
        .toSorted((one, other) => Number(one.path === names.ledger) - Number(other.path === names.ledger))
        .map((ledger) => swapOf(from, run, ledger));
      return [...places, ...swaps].map((action, index) => ({
        id: String(index + 1),
        fix,
        action,
        phase: 'gone',
        risk: 'lossy',
        undo: 'exact',
        requires: [],
      }));
    } finally {
      folders.close();
    }
  };
  return { stage, steps };
}

const ledgerItem = (item: string, path: string): string => `${item}-${path.split('/').at(-1)}`;

function placeOf(home: Folder, from: Folder, run: string, { path, item }: { path: string; item: string }): Action {
  const is = identify(at(from, item));
  if (!is) throw new Error(`nothing is staged for ${path}`);
  return { kind: 'place', path, run, item, was: lookAt(home, path), is };
}

function swapOf(
  from: Folder,
  run: string,
  { path, item, seen }: { path: string; item: string; seen: LedgerFiles },
): Action {
  const main = identify(at(from, ledgerItem(item, path)));
  if (main?.kind !== 'file') throw new Refusal('vocabulary', { step: path });
  const settled = identify(at(from, settledName(item)));
  return {
    kind: 'swap-ledger',
    ...(path !== names.ledger && { path }),
    run,
    item,
    ledger: seen,
    to: { main, wal: null, shm: null },
    settled,
    ...(!settled && { unsettled: true }),
  };
}
