import { names } from '../../../coven/layout.ts';
import { at, type Folder } from '../../../host/folder.ts';
import { identify } from '../../../host/identity.ts';
import type { FileIdentity, LedgerIdentity } from '../../../observation.ts';
import { differences, lookAt, refuseDrift } from '../folder.ts';
import { type ActionOf, defineKind, type Kind, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';
import { type Exchange, standingOf, takeBack, takeMoves } from './exchange.ts';

type Mending = Task<ActionOf<'checkpoint' | 'rebuild-index' | 'rebuild-search'>>;
type Swapping = Task<ActionOf<'swap-ledger'>>;

const journal = `${names.ledger}-journal`;

/** What a mended copy is called in the quarantine of its run, until it takes the ledger's place. */
export const mendedName = (step: string): string => `${step}-mended.sqlite3`;
/** The ledger as it was with its WAL in its main file: what the WAL may lie beside without harm. */
export const settledName = (item: string): string => `${item}-settled.sqlite3`;

/**
 * The time that a mended copy carries: that of the ledger it was made of, to the second. It tells the copy that nobody
 * has written to since from any other, also after a crash.
 */
export const mendedTime = ({ main }: LedgerIdentity): bigint =>
  (BigInt(main.mtimeNs ?? 0) / 1_000_000_000n) * 1_000_000_000n;
/** The time of a settled copy, which is told from the mended one by it. */
export const settledTime = (ledger: LedgerIdentity): bigint => mendedTime(ledger) - 1_000_000_000n;

/** Whether a mend needs a settled copy between the two: its pages are others, and rows may be in the WAL alone. */
export const needsSettled = ({ kind, ledger }: Mending['action']): boolean =>
  kind !== 'checkpoint' && (ledger.wal?.size ?? 0) > 0;

const hasTime = (time: bigint) => (file: FileIdentity) => file.mtimeNs === String(time);
const hasImage = (image: FileIdentity) => (file: FileIdentity) => differences(image, file).length === 0;

function exchangeOfMend({ action, step, scene }: Mending): Exchange {
  const { ledger } = action;
  const folder = (): Folder => scene.quarantine(scene.run);
  return {
    home: scene.home,
    old: ledger,
    next: { main: hasTime(mendedTime(ledger)), wal: null, shm: null },
    settled: needsSettled(action) ? hasTime(settledTime(ledger)) : null,
    aside: { folder, item: (name) => `${step.id}-${name}`, settled: settledName(step.id) },
    from: { folder, item: () => mendedName(step.id), settled: settledName(step.id) },
  };
}

function exchangeOfSwap({ action, step, scene }: Swapping): Exchange {
  const { ledger, to, run, item, settled } = action;
  refuseUnknown(action);
  return {
    home: scene.home,
    old: ledger,
    next: { main: hasImage(to.main), wal: to.wal, shm: to.shm },
    settled: settled ? hasImage(settled) : null,
    aside: {
      folder: () => scene.quarantine(scene.run),
      item: (name) => `${step.id}-${name}`,
      settled: settledName(step.id),
    },
    from: { folder: () => scene.quarantine(run), item: (name) => `${item}-${name}`, settled: settledName(item) },
  };
}

/** Throws where the home's ledger is not the one that was seen, or something lies beside it that is not part of it. */
function refuseChanged(home: Folder, old: LedgerIdentity): void {
  for (const [part, name] of [
    ['main', names.ledger],
    ['wal', names.wal],
    ['shm', names.shm],
  ] as const) {
    const was = old[part];
    const is = lookAt(home, name);
    // A WAL that came since holds rows that nobody has seen.
    if (was === null && is) throw new Refusal('drift', { path: name, fields: 'new' });
    if (was) refuseDrift(name, differences(was, is));
  }
  // SQLite would play a rollback journal back into whatever lies beside it.
  if (lookAt(home, journal)) throw new Refusal('drift', { path: journal, fields: 'new' });
}

const mend = (kind: 'checkpoint' | 'rebuild-index' | 'rebuild-search'): Kind =>
  defineKind({
    kind,
    // The copies are made after the plan was checked for the first time.
    check: ({ action: { ledger }, scene }: Mending) => refuseChanged(scene.home, ledger),
    apply: (task: Mending) => {
      refuseChanged(task.scene.home, task.action.ledger);
      takeMoves(exchangeOfMend(task));
    },
    standing: (task: Mending) => standingOf(exchangeOfMend(task)),
    undo: (task: Mending) => takeBack(exchangeOfMend(task)),
    inverse: (task: Mending) => {
      const { action, step, scene } = task;
      if (standingOf(exchangeOfMend(task)).at !== 'after') return null;
      return {
        kind: 'swap-ledger',
        run: scene.run,
        item: step.id,
        ledger: ledgerAt(scene.home),
        to: action.ledger,
        settled: needsSettled(action) ? identify(at(scene.quarantine(scene.run), settledName(step.id))) : null,
      };
    },
  });

function ledgerAt(home: Folder): LedgerIdentity {
  const main = lookAt(home, names.ledger);
  if (!main) throw new Refusal('drift', { path: names.ledger, fields: 'absent' });
  return { main, wal: lookAt(home, names.wal), shm: lookAt(home, names.shm) };
}

/** Throws where a file of either ledger is not as the run left it: what comes from a quarantine is opened by Coven. */
function checkSwap(task: Swapping): void {
  const { action, scene } = task;
  const { run, item, ledger, to, settled } = action;
  refuseUnknown(action);
  refuseChanged(scene.home, ledger);
  const files = [
    [`${item}-${names.ledger}`, to.main],
    [`${item}-${names.wal}`, to.wal],
    [`${item}-${names.shm}`, to.shm],
    [settledName(item), settled],
  ] as const;
  for (const [name, image] of files)
    if (image)
      refuseDrift(
        `doctor/runs/${run}/quarantine/${name}`,
        differences(image, identify(at(scene.quarantine(run), name))),
      );
}

/** A run of an earlier version kept no settled copy: without one, the WAL would lie beside a main file of other pages. */
function refuseUnknown({ run, ledger, to, settled }: Swapping['action']): void {
  if (settled === undefined && (ledger.wal || to.wal)) throw new Refusal('not-undoable', { run });
}

export const ledgerKinds: readonly Kind[] = [
  mend('checkpoint'),
  mend('rebuild-search'),
  mend('rebuild-index'),
  defineKind({
    kind: 'swap-ledger',
    check: checkSwap,
    apply: (task: Swapping) => {
      checkSwap(task);
      takeMoves(exchangeOfSwap(task));
    },
    standing: (task: Swapping) => standingOf(exchangeOfSwap(task)),
    undo: (task: Swapping) => takeBack(exchangeOfSwap(task)),
    inverse: ({ action, step, scene }: Swapping) => ({
      kind: 'swap-ledger' as const,
      run: scene.run,
      item: step.id,
      ledger: action.to,
      to: action.ledger,
      settled: action.settled,
    }),
  }),
];
