import { basename, join } from 'node:path';
import { parentOf } from './manifest.ts';
import { identify, type Move } from './moves.ts';

/** Moves as they are thought up, in their order. */
export interface PlannedMoves {
  readonly list: readonly Move[];
  /** Whether a path comes with a folder above it that is put whole. */
  readonly comesWith: (path: string) => boolean;
  /** Whether a real folder stands at a path, with real folders above it: nothing is looked up through a symlink. */
  readonly isFolder: (path: string) => boolean;
  /** What stands there, if anything does, goes to the quarantine. */
  readonly away: (path: string) => void;
  /** What is staged comes there, a folder with all that is in it; what stands there goes to the quarantine. */
  readonly put: (path: string, staged: string) => void;
}

/** Plans moves from what is staged in `run` to `home`; asks what stands there, and changes nothing. */
export function planMoves(home: string, run: string): PlannedMoves {
  const list: Move[] = [];
  const folders = new Set<string>();
  const comesWith = (path: string): boolean => path !== '.' && (folders.has(path) || comesWith(parentOf(path)));
  const isFolder = (path: string): boolean =>
    identify(join(home, path))?.folder === true && (path === '.' || isFolder(parentOf(path)));
  const add = (path: string, staged: string, is: Move['is']): void => {
    const was = isFolder(parentOf(path)) ? identify(join(home, path)) : null;
    const kept = `quarantine/${list.length + 1}-${basename(path)}`;
    if (was || is) list.push({ path, was, kept, is, staged });
  };
  return {
    list,
    comesWith,
    isFolder,
    away: (path) => add(path, '.', null),
    put: (path, staged) => {
      const is = identify(join(run, staged));
      if (!is) throw new Error(`${staged} is not staged`);
      if (is.folder) folders.add(path);
      add(path, staged, is);
    },
  };
}
