import { names } from '../../../coven/layout.ts';
import { at, type Folder, isSame } from '../../../host/folder.ts';
import { identify } from '../../../host/identity.ts';
import type { FileIdentity, LedgerIdentity } from '../../../observation.ts';
import { differences, lookAt } from '../folder.ts';
import { dropName, exchange, putBack, setAside } from '../hand.ts';
import type { Standing } from '../kind.ts';
import { Refusal } from '../refusal.ts';

/** A folder of a quarantine, and what a ledger's files are called in it. */
interface Place {
  readonly folder: () => Folder;
  readonly item: (name: string) => string;
  /** The name of the settled copy. */
  readonly settled: string;
}

/**
 * Two ledgers that change places: the one in the home goes `aside`, and the next one comes `from` a quarantine.
 *
 * A kill can come between any two system calls, and whoever opens the home then must see every row. So no state in between
 * lacks a main file, and no WAL lies beside a main file of other pages or is away from one whose rows it holds. Where one
 * of the two has rows in its WAL, its settled copy, the same ledger with its WAL in its main file, comes first: beside
 * that the WAL changes nothing, and without it nothing is missing. Main files are replaced in one call.
 */
export interface Exchange {
  readonly home: Folder;
  readonly old: LedgerIdentity;
  readonly next: {
    readonly main: (file: FileIdentity) => boolean;
    readonly wal: FileIdentity | null;
    readonly shm: FileIdentity | null;
  };
  /** Null where the one without a WAL is the settled copy of the other, or neither has one. */
  readonly settled: ((file: FileIdentity) => boolean) | null;
  readonly aside: Place;
  readonly from: Place;
}

interface Item {
  /** Opened only where it is needed: a step that is merely checked has no run of its own. */
  readonly folder: () => Folder;
  readonly name: string;
}

/** `main` comes in the place of what is there, which goes to `aside`; `away` and `bring` are the WAL or its index. */
type Move =
  | { readonly kind: 'main'; readonly name: string; readonly from: Item; readonly aside: Item }
  | { readonly kind: 'away'; readonly name: string; readonly aside: Item; readonly was: FileIdentity }
  | { readonly kind: 'bring'; readonly name: string; readonly from: Item; readonly was: FileIdentity };

/** What stands in the home. */
interface State {
  readonly main: (file: FileIdentity) => boolean;
  readonly wal: FileIdentity | null;
  readonly shm: FileIdentity | null;
}

const holdsRows = (wal: FileIdentity | null): boolean => (wal?.size ?? 0) > 0;

const sides = [
  ['wal', names.wal],
  ['shm', names.shm],
] as const;

function movesOf({ old, next, settled, aside, from }: Exchange): readonly Move[] {
  if (holdsRows(old.wal) && holdsRows(next.wal)) throw new Refusal('not-undoable', { path: names.wal });
  const item = ({ folder, item }: Place, name: string): Item => ({ folder, name: item(name) });
  const away = sides.flatMap(([part, name]): Move[] => {
    const was = old[part];
    return was ? [{ kind: 'away', name, aside: item(aside, name), was }] : [];
  });
  const bring = sides.flatMap(([part, name]): Move[] => {
    const was = next[part];
    return was ? [{ kind: 'bring', name, from: item(from, name), was }] : [];
  });
  const name = names.ledger;
  const asideSettled = { folder: aside.folder, name: aside.settled };
  const [mainFrom, mainAside] = [item(from, name), item(aside, name)];
  const settle: Move = {
    kind: 'main',
    name,
    from: { folder: from.folder, name: from.settled },
    aside: mainAside,
  };
  const last: Move = { kind: 'main', name, from: mainFrom, aside: settled ? asideSettled : mainAside };
  if (holdsRows(old.wal)) return settled ? [settle, ...away, last, ...bring] : [last, ...away, ...bring];
  if (settled) return [...away, settle, ...bring, last];
  return holdsRows(next.wal) ? [...away, ...bring, last] : [...away, last, ...bring];
}

/** What stands in the home when the first of the moves are made, by their number. */
function statesOf({ old, next, settled }: Exchange, moves: readonly Move[]): readonly State[] {
  const states: State[] = [{ ...old, main: (file) => differences(old.main, file).length === 0 }];
  let mains = 0;
  for (const move of moves) {
    const before = states.at(-1) as State;
    if (move.kind === 'main') {
      mains += 1;
      states.push({ ...before, main: settled && mains === 1 ? settled : next.main });
    } else
      states.push({ ...before, [move.name === names.wal ? 'wal' : 'shm']: move.kind === 'away' ? null : move.was });
  }
  return states;
}

const isState = (home: Folder, { main, wal, shm }: State): boolean => {
  const is = [names.ledger, names.wal, names.shm].map((name) => lookAt(home, name));
  const [isMain = null, isWal = null, isShm = null] = is;
  const isThat = (was: FileIdentity | null, now: FileIdentity | null): boolean =>
    was === null ? now === null : differences(was, now).length === 0;
  // The index is written through a mapping, which changes no time.
  const isIndex = shm === null ? isShm === null : isSame(shm, isShm);
  return isMain !== null && main(isMain) && isThat(wal, isWal) && isIndex;
};

const see = ({ folder, name }: Item): FileIdentity | null => identify(at(folder(), name));

/** A second name that a crash left: of what is in the home, in a quarantine. */
const leftNames = (home: Folder, moves: readonly Move[]): readonly (Item & { readonly of: string })[] =>
  moves.flatMap((move) => {
    const items = [...('aside' in move ? [move.aside] : []), ...('from' in move ? [move.from] : [])];
    return items
      .filter((item) => isSame(see(item), lookAt(home, move.name)))
      .map((item) => ({ ...item, of: move.name }));
  });

/** Whether nothing of a move was done, but for a second name. The settled copy lies where it comes back to. */
function isUntouched(home: Folder, move: Move, moves: readonly Move[]): boolean {
  if ('from' in move && !see(move.from)) return false;
  if (!('aside' in move)) return true;
  const { folder, name } = move.aside;
  if (moves.some((other) => 'from' in other && other.from.name === name && other.from.folder === folder)) return true;
  const aside = see(move.aside);
  return aside === null || isSame(aside, lookAt(home, move.name));
}

export function standingOf(exchange: Exchange): Standing {
  const { home } = exchange;
  const moves = movesOf(exchange);
  const isClean = leftNames(home, moves).length === 0;
  if (moves.every((move) => isUntouched(home, move, moves))) return { at: isClean ? 'before' : 'between' };
  const made = statesOf(exchange, moves).findIndex((state) => isState(home, state));
  if (made < 0) return { at: 'elsewhere', path: names.ledger, fields: ['content'] };
  if (made === 0 && isClean) return { at: 'before' };
  return { at: made === moves.length && isClean ? 'after' : 'between' };
}

/** Makes all moves; each is durable before the next. */
export function takeMoves(exchange: Exchange): void {
  for (const move of movesOf(exchange)) make(exchange.home, move);
}

/** Back to the old ledger, from wherever a crash or a failure left the two; the states in between are as complete. */
export function takeBack(exchange: Exchange): void {
  const { home } = exchange;
  const moves = movesOf(exchange);
  if (!moves.every((move) => isUntouched(home, move, moves))) {
    const made = statesOf(exchange, moves).findIndex((state) => isState(home, state));
    if (made < 0) throw new Refusal('drift', { path: names.ledger, fields: 'content' });
    for (const move of moves.slice(0, made).reverse()) unmake(home, move);
  }
  for (const { folder, name, of } of leftNames(home, moves)) dropName(folder(), name, home, of);
}

function make(home: Folder, move: Move): void {
  if (move.kind === 'main')
    exchange(move.from.folder(), move.from.name, home, move.name, move.aside.folder(), move.aside.name);
  else if (move.kind === 'away') setAside(home, move.name, move.aside.folder(), move.aside.name, move.was);
  else putBack(move.from.folder(), move.from.name, home, move.name);
}

function unmake(home: Folder, move: Move): void {
  if (move.kind === 'main')
    exchange(move.aside.folder(), move.aside.name, home, move.name, move.from.folder(), move.from.name);
  else if (move.kind === 'away') putBack(move.aside.folder(), move.aside.name, home, move.name);
  // A crash may have left it with both names: then the one in the home goes.
  else putBack(home, move.name, move.from.folder(), move.from.name);
}
