import { names } from '../../../coven/layout.ts';
import { at, type Folder, isSame } from '../../../host/folder.ts';
import { identify } from '../../../host/identity.ts';
import type { FileIdentity, LedgerIdentity } from '../../../observation.ts';
import { differences, lookAt, refuseDrift } from '../folder.ts';
import { putBack, setAside } from '../hand.ts';
import { type ActionOf, defineKind, type Kind, type Standing, type Task } from '../kind.ts';
import { Refusal } from '../refusal.ts';

type Mending = Task<ActionOf<'checkpoint' | 'rebuild-index' | 'rebuild-search'>>;
type Swapping = Task<ActionOf<'swap-ledger'>>;

/** The main file goes first and comes first: a WAL without its main file is deleted by the next command of Coven. */
const parts = [
  { part: 'main', name: names.ledger },
  { part: 'wal', name: names.wal },
  { part: 'shm', name: names.shm },
] as const;
type Part = (typeof parts)[number]['part'];

/** Two ledgers that change places: the one in the home, and one in a quarantine. */
interface Swap {
  readonly home: Folder;
  readonly old: LedgerIdentity;
  /** Where the old one goes. */
  readonly aside: { readonly folder: () => Folder; readonly item: (name: string) => string };
  /** Where the new one is, and which parts it has. */
  readonly from: { readonly folder: () => Folder; readonly item: (name: string) => string };
  readonly has: (part: Part) => boolean;
  /** Whether a file is that part of the new ledger, as it was put there. */
  readonly isNew: (part: Part, file: FileIdentity) => boolean;
}

/** What a mended copy is called in the quarantine of its run, until it takes the ledger's place. */
export const mendedName = (step: string): string => `${step}-mended.sqlite3`;

/**
 * The time that a mended copy carries: that of the ledger it was made of, to the second. It tells the copy that nobody
 * has written to since from any other, also after a crash.
 */
export const mendedTime = ({ main }: LedgerIdentity): bigint =>
  (BigInt(main.mtimeNs ?? 0) / 1_000_000_000n) * 1_000_000_000n;

function swapOfMend({ action, step, scene }: Mending): Swap {
  const folder = (): Folder => scene.quarantine(scene.run);
  return {
    home: scene.home,
    old: action.ledger,
    aside: { folder, item: (name) => `${step.id}-${name}` },
    from: { folder, item: () => mendedName(step.id) },
    has: (part) => part === 'main',
    isNew: (part, file) => part === 'main' && file.mtimeNs === String(mendedTime(action.ledger)),
  };
}

function swapOf({ action, step, scene }: Swapping): Swap {
  const { ledger, to, run, item } = action;
  return {
    home: scene.home,
    old: ledger,
    aside: { folder: () => scene.quarantine(scene.run), item: (name) => `${step.id}-${name}` },
    from: { folder: () => scene.quarantine(run), item: (name) => `${item}-${name}` },
    has: (part) => to[part] !== null,
    isNew: (part, file) => to[part] !== null && differences(to[part], file).length === 0,
  };
}

/** Throws where the home's ledger is not the one that was seen, or the one to come is not there. */
function check({ home, old, from, has }: Swap): void {
  for (const { part, name } of parts) {
    const was = old[part];
    const is = lookAt(home, name);
    // A WAL that came since holds rows that nobody has seen.
    if (was === null && is) throw new Refusal('drift', { path: name, fields: 'new' });
    if (was) refuseDrift(name, differences(was, is));
    if (has(part) && !identify(at(from.folder(), from.item(name))))
      throw new Refusal('drift', { path: from.item(name), fields: 'absent' });
  }
}

function apply(swap: Swap): void {
  const { home, old, aside, from, has } = swap;
  check(swap);
  for (const { part, name } of [...parts].reverse()) {
    const was = old[part];
    if (was) setAside(home, name, aside.folder(), aside.item(name), was);
  }
  for (const { part, name } of parts) if (has(part)) putBack(from.folder(), from.item(name), home, name);
}

function standing({ home, old, aside, from, has, isNew }: Swap): Standing {
  const there = parts.map(({ part, name }) => {
    const is = lookAt(home, name);
    const isOld = isSame(is, old[part]);
    const isNewOne = !isOld && is !== null && isNew(part, is);
    return {
      name,
      isStrange: is !== null && !isOld && !isNewOne,
      isBefore: old[part] === null ? is === null : isOld,
      isAfter: has(part) ? isNewOne && !identify(at(from.folder(), from.item(name))) : is === null,
      isKept: old[part] === null || isOld || identify(at(aside.folder(), aside.item(name))) !== null,
    };
  });
  const strange = there.find(({ isStrange, isKept }) => isStrange || !isKept);
  if (strange) return { at: 'elsewhere', path: strange.name, fields: ['content'] };
  if (there.every(({ isBefore }) => isBefore)) return { at: 'before' };
  return { at: there.every(({ isAfter }) => isAfter) ? 'after' : 'between' };
}

/** Back to the old ledger, from wherever a crash or a failure left the two. */
function undo({ home, old, aside, from, has, isNew }: Swap): void {
  for (const { part, name } of [...parts].reverse()) {
    const is = lookAt(home, name);
    if (!is || isSame(is, old[part]) || !has(part) || !isNew(part, is)) continue;
    // Linked at both places, it is the name in the home that goes.
    if (identify(at(from.folder(), from.item(name)))) putBack(home, name, from.folder(), from.item(name));
    else setAside(home, name, from.folder(), from.item(name), is);
  }
  for (const { part, name } of parts)
    if (old[part] && identify(at(aside.folder(), aside.item(name))))
      putBack(aside.folder(), aside.item(name), home, name);
}

const mend = (kind: 'checkpoint' | 'rebuild-index' | 'rebuild-search'): Kind =>
  defineKind({
    kind,
    // The copy is made after the plan was checked for the first time.
    check: ({ action: { ledger }, scene }: Mending) => check({ ...homeOnly(scene.home, ledger) }),
    apply: (task: Mending) => apply(swapOfMend(task)),
    standing: (task: Mending) => standing(swapOfMend(task)),
    undo: (task: Mending) => undo(swapOfMend(task)),
    inverse: ({ action, step, scene }: Mending) => ({
      kind: 'swap-ledger' as const,
      run: scene.run,
      item: step.id,
      ledger: ledgerAt(scene.home),
      to: action.ledger,
    }),
  });

const homeOnly = (home: Folder, old: LedgerIdentity): Swap => ({
  home,
  old,
  aside: { folder: () => home, item: (name) => name },
  from: { folder: () => home, item: (name) => name },
  has: () => false,
  isNew: () => false,
});

function ledgerAt(home: Folder): LedgerIdentity {
  const [main, wal, shm] = parts.map(({ name }) => lookAt(home, name));
  if (!main) throw new Refusal('drift', { path: names.ledger, fields: 'absent' });
  return { main, wal: wal ?? null, shm: shm ?? null };
}

export const ledgerKinds: readonly Kind[] = [
  mend('checkpoint'),
  mend('rebuild-search'),
  mend('rebuild-index'),
  defineKind({
    kind: 'swap-ledger',
    check: (task: Swapping) => check(swapOf(task)),
    apply: (task: Swapping) => apply(swapOf(task)),
    standing: (task: Swapping) => standing(swapOf(task)),
    undo: (task: Swapping) => undo(swapOf(task)),
    inverse: ({ action, step, scene }: Swapping) => ({
      kind: 'swap-ledger' as const,
      run: scene.run,
      item: step.id,
      ledger: action.to,
      to: action.ledger,
    }),
  }),
];
