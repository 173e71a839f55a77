import { basename, join } from 'node:path';
import { parentOf } from './manifest.ts';
import { type Identity, identify, type Move } from './moves.ts';
import { partsOf } from './walk.ts';

/** Moves as they are thought up, in their order. */
export interface PlannedMoves {
  readonly list: readonly Move[];
  /** Whether a path comes with a folder above it that is put whole. */
  readonly comesWith: (path: string) => boolean;
  /** Whether a real folder stands at a path, with real folders above it: nothing is looked up through a symlink. */
  readonly isFolder: (path: string) => boolean;
  /** What is staged comes there, a folder with all that is in it; what stands there goes to the quarantine. */
  readonly put: (path: string, staged: string) => void;
  /**
   * A complete main file comes in a ledger's place, and its other parts go to the quarantine. Where rows may be in those
   * alone, `settled` comes first, the same ledger as a single file: beside it they change nothing, and without them nothing
   * is missing. So whoever opens the home in between sees every row of the one ledger or of the other.
   */
  readonly putLedger: (ledger: string, whole: string, settled: string | null) => void;
}

/** Plans moves from what is staged in `run` to `home`; asks what stands there, and changes nothing. */
export function planMoves(home: string, run: string): PlannedMoves {
  const list: Move[] = [];
  const folders = new Set<string>();
  const comesWith = (path: string): boolean => path !== '.' && (folders.has(path) || comesWith(parentOf(path)));
  const isFolder = (path: string): boolean =>
    identify(join(home, path))?.folder === true && (path === '.' || isFolder(parentOf(path)));
  const push = (path: string, was: Move['was'], staged: string, is: Move['is'], ledger?: string): void => {
    const kept = `quarantine/${list.length + 1}-${basename(path)}`;
    if (was || is) list.push({ path, was, kept, is, staged, ...(ledger !== undefined && { ledger }) });
  };
  const standing = (path: string): Move['was'] => (isFolder(parentOf(path)) ? identify(join(home, path)) : null);
  const stagedAt = (staged: string): Identity => {
    const is = identify(join(run, staged));
    if (!is) throw new Error(`${staged} is not staged`);
    return is;
  };
  return {
    list,
    comesWith,
    isFolder,
    put: (path, staged) => {
      const is = stagedAt(staged);
      if (is.folder) folders.add(path);
      push(path, standing(path), staged, is);
    },
    putLedger: (ledger, whole, settled) => {
      const [, ...others] = partsOf(ledger);
      if (settled !== null) push(ledger, standing(ledger), settled, stagedAt(settled), ledger);
      for (const part of others) push(part, standing(part), '.', null, ledger);
      const was = settled === null ? standing(ledger) : stagedAt(settled);
      push(ledger, was, whole, stagedAt(whole), ledger);
    },
  };
}
