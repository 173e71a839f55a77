import { at, type Folder, isSame } from '../../../host/folder.ts';
import { identify } from '../../../host/identity.ts';
import type { FileIdentity } from '../../../model/observation.ts';
import type { LedgerFiles } from '../../../model/step.ts';
import { dropName, exchange, putBack, setAside } from '../durable.ts';
import { differences, inFolderOf, lookAt } from '../folder.ts';
import type { StepState } from '../kind.ts';
import { Refusal } from '../refusal.ts';

/** A folder of a run, and what a ledger's files are called in it. */
interface Place {
  readonly folder: () => Folder;
  readonly item: (name: string) => string;
  /** The name of the settled copy. */
  readonly settled: string;
}

/**
 * Two ledgers that change places: the one in the home goes `aside`, and the next one comes `from` the folder of a run.
 *
 * A kill can come between any two system calls, and whoever opens the home then must see every row. So no state in between
 * lacks a main file, and no WAL lies beside a main file of other pages or is away from one whose rows it holds. Where one
 * of the two has rows in its WAL, its settled copy, the same ledger with its WAL in its main file, comes first: beside
 * that the WAL changes nothing, and without it nothing is missing. Main files are replaced in one call. A rollback
 * journal counts as a WAL does.
 */
export interface Exchange {
  readonly home: Folder;
  /** The main file, below the home. */
  readonly path: string;
  readonly old: LedgerFiles;
  readonly next: Omit<LedgerFiles, 'main'> & { readonly main: (file: FileIdentity) => boolean };
  /** Null where the one without a WAL is the settled copy of the other, or neither has one. */
  readonly settled: ((file: FileIdentity) => boolean) | null;
  /** No settled copy can be made: then parts go before the main file that they lie beside, and come after it. */
  readonly unsettled: boolean;
  /** One of the two has no main file, or a folder in its place: they cannot change places in one call. */
  readonly apart: { readonly old: boolean; readonly next: boolean } | null;
  readonly aside: Place;
  readonly from: Place;
}

interface Item {
  /** Opened only where it is needed: a step that is merely checked has no run of its own. */
  readonly folder: () => Folder;
  readonly name: string;
}

type Part = 'main' | 'wal' | 'shm' | 'journal';

/** `main` comes in the place of what is there, which goes to `aside`; `away` and `bring` are any one file. */
type Move = { readonly part: Part; readonly path: string } & (
  | { readonly kind: 'main'; readonly from: Item; readonly aside: Item }
  | { readonly kind: 'away'; readonly aside: Item; readonly was: FileIdentity }
  | { readonly kind: 'bring'; readonly from: Item; readonly was: FileIdentity | null }
);

/** What stands in the home. */
type State = Omit<LedgerFiles, 'main'> & { readonly main: ((file: FileIdentity) => boolean) | null };

const holdsRows = ({ wal, journal }: Omit<LedgerFiles, 'main'>): boolean =>
  [wal, journal].some((part) => (part?.size ?? 0) > 0);

const sides = ['wal', 'shm', 'journal'] as const;

function movesOf({ path, old, next, settled, unsettled, apart, aside, from }: Exchange): readonly Move[] {
  const base = path.split('/').at(-1) ?? path;
  const item = ({ folder, item }: Place, suffix = ''): Item => ({ folder, name: item(base + suffix) });
  const away = sides.flatMap((part): Move[] => {
    const was = old[part];
    const suffix = `-${part}`;
    return was ? [{ kind: 'away', part, path: path + suffix, aside: item(aside, suffix), was }] : [];
  });
  const bring = sides.flatMap((part): Move[] => {
    const was = next[part];
    const suffix = `-${part}`;
    return was ? [{ kind: 'bring', part, path: path + suffix, from: item(from, suffix), was }] : [];
  });
  const main = { part: 'main', path } as const;
  const asideSettled = { folder: aside.folder, name: aside.settled };
  const settle: Move = {
    ...main,
    kind: 'main',
    from: { folder: from.folder, name: from.settled },
    aside: item(aside),
  };
  const last: Move = { ...main, kind: 'main', from: item(from), aside: settled ? asideSettled : item(aside) };
  if (apart)
    return [
      ...away.toReversed(),
      ...(apart.old && old.main ? [{ ...main, kind: 'away', aside: item(aside), was: old.main } as const] : []),
      ...(apart.next ? [{ ...main, kind: 'bring', from: item(from), was: null } as const] : []),
      ...bring,
    ];
  if (unsettled) return [...away, last, ...bring];
  if (holdsRows(old)) return settled ? [settle, ...away, last, ...bring] : [last, ...away, ...bring];
  if (settled) return [...away, settle, ...bring, last];
  return holdsRows(next) ? [...away, ...bring, last] : [...away, last, ...bring];
}

/** What stands in the home when the first of the moves are made, by their number. */
function statesOf({ old, next, settled }: Exchange, moves: readonly Move[]): readonly State[] {
  const { main } = old;
  const states: State[] = [{ ...old, main: main && ((file) => differences(main, file).length === 0) }];
  let mains = 0;
  for (const move of moves) {
    const before = states.at(-1) as State;
    if (move.kind === 'main') mains += 1;
    const comes = settled && move.kind === 'main' && mains === 1 ? settled : next.main;
    if (move.part === 'main') states.push({ ...before, main: move.kind === 'away' ? null : comes });
    else states.push({ ...before, [move.part]: move.kind === 'bring' ? move.was : null });
  }
  return states;
}

function isState({ home, path }: Exchange, { main, wal, shm, journal = null }: State): boolean {
  const is = ['', '-wal', '-shm', '-journal'].map((suffix) => lookAt(home, path + suffix));
  const [isMain = null, isWal = null, isShm = null, isJournal = null] = is;
  const isThat = (was: FileIdentity | null, now: FileIdentity | null): boolean =>
    was === null ? now === null : differences(was, now).length === 0;
  // The index is written through a mapping, which changes no time.
  const isIndex = shm === null ? isShm === null : isSame(shm, isShm);
  const isOfMain = isMain === null ? main === null : main?.(isMain) === true;
  return isOfMain && isThat(wal, isWal) && isThat(journal, isJournal) && isIndex;
}

const see = ({ folder, name }: Item): FileIdentity | null => identify(at(folder(), name));

/** A second name that a crash left: of what is in the home, in the folder of a run. */
const leftNames = ({ home }: Exchange, moves: readonly Move[]): readonly (Item & { readonly of: string })[] =>
  moves.flatMap((move) => {
    const items = [...('aside' in move ? [move.aside] : []), ...('from' in move ? [move.from] : [])];
    return items
      .filter((item) => isSame(see(item), lookAt(home, move.path)))
      .map((item) => ({ ...item, of: move.path }));
  });

/** Whether nothing of a move was done, but for a second name. The settled copy lies where it comes back to. */
function isUntouched(home: Folder, move: Move, moves: readonly Move[]): boolean {
  if ('from' in move && !see(move.from)) return false;
  if (!('aside' in move)) return true;
  const { folder, name } = move.aside;
  if (moves.some((other) => 'from' in other && other.from.name === name && other.from.folder === folder)) return true;
  const aside = see(move.aside);
  return aside === null || isSame(aside, lookAt(home, move.path));
}

/** Whether a move was made whole, whatever became of what it put there. */
const isMade = (move: Move): boolean =>
  (!('from' in move) || !see(move.from)) && (!('aside' in move) || see(move.aside) !== null);

export function stepStateOf(exchange: Exchange): StepState {
  const { home, path } = exchange;
  const moves = movesOf(exchange);
  const isClean = leftNames(exchange, moves).length === 0;
  if (moves.every((move) => isUntouched(home, move, moves))) return { at: isClean ? 'before' : 'between' };
  const made = statesOf(exchange, moves).findIndex((state) => isState(exchange, state));
  if (made < 0) return { at: 'elsewhere', path, fields: ['content'], done: moves.every(isMade) };
  if (made === 0 && isClean) return { at: 'before' };
  return { at: made === moves.length && isClean ? 'after' : 'between' };
}

/** Makes all moves; each is durable before the next. */
export function takeMoves(exchange: Exchange): void {
  const { path, old, next } = exchange;
  if (holdsRows(old) && holdsRows(next)) throw new Refusal('not-undoable', { path: `${path}-wal` });
  for (const move of movesOf(exchange)) make(exchange.home, move);
}

/** Back to the old ledger, from wherever a crash or a failure left the two; the states in between are as complete. */
export function takeBack(exchange: Exchange): void {
  const { home, path } = exchange;
  const moves = movesOf(exchange);
  if (!moves.every((move) => isUntouched(home, move, moves))) {
    const made = statesOf(exchange, moves).findIndex((state) => isState(exchange, state));
    if (made < 0) throw new Refusal('drift', { path, fields: 'content' });
    for (const move of moves.slice(0, made).reverse()) unmake(home, move);
  }
  leave(exchange);
}

/** Takes second names away that a crash left of the files in the home: they stay there, whoever wrote to them since. */
export function leave(exchange: Exchange): void {
  for (const { folder, name, of } of leftNames(exchange, movesOf(exchange)))
    inFolderOf(exchange.home, of, (home, kept) => dropName(folder(), name, home, kept));
}

function make(home: Folder, move: Move): void {
  inFolderOf(home, move.path, (folder, name) => {
    if (move.kind === 'main')
      exchange(move.from.folder(), move.from.name, folder, name, move.aside.folder(), move.aside.name);
    else if (move.kind === 'away') setAside(folder, name, move.aside.folder(), move.aside.name, move.was);
    else putBack(move.from.folder(), move.from.name, folder, name);
  });
}

function unmake(home: Folder, move: Move): void {
  inFolderOf(home, move.path, (folder, name) => {
    if (move.kind === 'main')
      exchange(move.aside.folder(), move.aside.name, folder, name, move.from.folder(), move.from.name);
    else if (move.kind === 'away') putBack(move.aside.folder(), move.aside.name, folder, name);
    // A crash may have left it with both names: then the one in the home goes.
    else putBack(folder, name, move.from.folder(), move.from.name);
  });
}
