import { names } from '../../../coven/layout.ts';
import { at, type Folder } from '../../../host/folder.ts';
import { identify } from '../../../host/identity.ts';
import type { FileIdentity, LedgerIdentity } from '../../../model/observation.ts';
import type { LedgerFiles } from '../../../model/step.ts';
import { differences, lookAt, refuseDrift } from '../folder.ts';
import { type ActionOf, defineKind, type Kind, sourceName, sourceOf, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';
import { type Exchange, leave, stepStateOf, takeBack, takeMoves } from './exchange.ts';

type Mending = Task<ActionOf<'checkpoint' | 'rebuild-index' | 'rebuild-search'>>;
type Swapping = Task<ActionOf<'swap-ledger'>>;

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

function exchangeOfMend({ action, step, context }: Mending): Exchange {
  const { ledger } = action;
  const folder = (): Folder => context.quarantine(context.run);
  return {
    home: context.home,
    path: names.ledger,
    old: ledger,
    next: { main: hasTime(mendedTime(ledger)), wal: null, shm: null },
    settled: needsSettled(action) ? hasTime(settledTime(ledger)) : null,
    unsettled: false,
    apart: null,
    aside: { folder, item: (name) => `${step.id}-${name}`, settled: settledName(step.id) },
    from: { folder, item: () => mendedName(step.id), settled: settledName(step.id) },
  };
}

const isFile = (file: FileIdentity | null): boolean => file !== null && file.kind !== 'directory';

/** The moves that 0.1.0 made: every part of the old ledger away, then every part of the next one. */
const asFirstVersion = (exchange: Exchange): Exchange => ({
  ...exchange,
  ...{ settled: null, unsettled: false, apart: { old: true, next: true } },
});

/** A run of 0.1.0 that was cut off may stand where the moves of today never come by, as without any ledger. */
function begunAs(exchange: Exchange): Exchange {
  if (stepStateOf(exchange).at !== 'elsewhere' && hasSettled(exchange)) return exchange;
  const first = asFirstVersion(exchange);
  return stepStateOf(first).at === 'elsewhere' ? exchange : first;
}

/** Whether the settled copy, which the moves of today need, is where they leave it: aside, or in the home. */
function hasSettled({ home, path, settled, aside }: Exchange): boolean {
  const main = settled && lookAt(home, path);
  return !settled || identify(at(aside.folder(), aside.settled)) !== null || (main !== null && settled(main));
}

const begunMend = (task: Mending): Exchange => begunAs(exchangeOfMend(task));

function begunSwap(task: Swapping): Exchange {
  const exchange = exchangeOfSwap(task);
  return isOfFirstVersion(task.action) ? asFirstVersion(exchange) : begunAs(exchange);
}

function exchangeOfSwap({ action, step, context }: Swapping): Exchange {
  const { path = names.ledger, ledger, to, run, item, settled, unsettled = false } = action;
  const apart = { old: ledger.main !== null, next: to.main !== null };
  return {
    home: context.home,
    path,
    old: ledger,
    next: { ...to, main: to.main ? hasImage(to.main) : () => false },
    settled: settled ? hasImage(settled) : null,
    unsettled,
    apart: isFile(ledger.main) && isFile(to.main) ? null : apart,
    aside: {
      folder: () => context.quarantine(context.run),
      item: (name) => `${step.id}-${name}`,
      settled: settledName(step.id),
    },
    from: { folder: () => sourceOf(context, run), item: (name) => `${item}-${name}`, settled: settledName(item) },
  };
}

/** Throws where the ledger at a path is not the one that was seen, or something lies beside it that is not part of it. */
function refuseChanged(home: Folder, old: LedgerFiles, path: string = names.ledger): void {
  for (const [was, name] of [
    [old.main, path],
    [old.wal, `${path}-wal`],
    [old.shm, `${path}-shm`],
    // SQLite would play a rollback journal back into whatever lies beside it.
    [old.journal ?? null, `${path}-journal`],
  ] as const) {
    const is = lookAt(home, name);
    // A WAL that came since holds rows that nobody has seen.
    if (was === null && is) throw new Refusal('drift', { path: name, fields: 'new' });
    if (was) refuseDrift(name, differences(was, is));
  }
}

const mend = (kind: 'checkpoint' | 'rebuild-index' | 'rebuild-search'): Kind =>
  defineKind({
    kind,
    // The copies are made after the plan was checked for the first time.
    check: ({ action: { ledger }, context }: Mending) => refuseChanged(context.home, ledger),
    apply: (task: Mending) => {
      refuseChanged(task.context.home, task.action.ledger);
      takeMoves(exchangeOfMend(task));
    },
    state: (task: Mending) => stepStateOf(begunMend(task)),
    undo: (task: Mending) => takeBack(begunMend(task)),
    leave: (task: Mending) => leave(begunMend(task)),
    inverse: (task: Mending) => {
      const { action, step, context } = task;
      if (stepStateOf(exchangeOfMend(task)).at !== 'after') return null;
      return {
        kind: 'swap-ledger',
        run: context.run,
        item: step.id,
        ledger: ledgerAt(context.home, names.ledger),
        to: action.ledger,
        settled: needsSettled(action) ? identify(at(context.quarantine(context.run), settledName(step.id))) : null,
      };
    },
  });

/** The files of a ledger as they are now. */
export function ledgerAt(home: Folder, path: string): LedgerFiles {
  const [main = null, wal = null, shm = null, journal = null] = ['', '-wal', '-shm', '-journal'].map((part) =>
    lookAt(home, path + part),
  );
  return { main, wal, shm, ...(journal && { journal }) };
}

/** Throws where a file of either ledger is not as the run left it: what comes from a folder of a run is opened by Coven. */
function checkSwap(task: Swapping): void {
  const { action, context } = task;
  const { path = names.ledger, run, item, ledger, to, settled } = action;
  refuseUnknown(action);
  refuseChanged(context.home, ledger, path);
  const base = `${item}-${path.split('/').at(-1)}`;
  const files = [
    [base, to.main],
    [`${base}-wal`, to.wal],
    [`${base}-shm`, to.shm],
    [`${base}-journal`, to.journal],
    [settledName(item), settled],
  ] as const;
  for (const [name, image] of files)
    if (image)
      refuseDrift(
        `doctor/runs/${run}/${sourceName(context, run)}/${name}`,
        differences(image, identify(at(sourceOf(context, run), name))),
      );
}

/** A run of 0.1.0 kept no settled copy: without one, the WAL would lie beside a main file of other pages. */
const isOfFirstVersion = ({ ledger, to, settled }: Swapping['action']): boolean =>
  settled === undefined && (ledger.wal ?? to.wal) !== null;

function refuseUnknown(action: Swapping['action']): void {
  if (isOfFirstVersion(action)) throw new Refusal('not-undoable', { run: action.run });
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
    state: (task: Swapping) => stepStateOf(begunSwap(task)),
    undo: (task: Swapping) => takeBack(begunSwap(task)),
    leave: (task: Swapping) => leave(begunSwap(task)),
    inverse: ({ action, step, context }: Swapping) => ({
      ...action,
      run: context.run,
      item: step.id,
      ledger: action.to,
      to: action.ledger,
    }),
  }),
];
