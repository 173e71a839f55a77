import { lstatSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parentOf } from './manifest.ts';
import { identify, type Move } from './moves.ts';

/** Moves as they are thought up, in their order. */
export interface PlannedMoves {
  readonly list: readonly Move[];
  /** Names that something is put at. */
  readonly puts: ReadonlySet<string>;
  /** What stands there, if anything does, goes to the quarantine. */
  readonly away: (path: string) => void;
  readonly folder: (path: string, mode: number) => void;
  readonly put: (path: string, staged: string) => void;
}

/** Plans moves from what is staged in `run` to `home`; asks what stands there, and changes nothing. */
export function planMoves(home: string, run: string): PlannedMoves {
  const list: Move[] = [];
  const puts = new Set<string>();
  /** Folders that will be new: what their names lead to now, through a symlink maybe, is not what will be there. */
  const fresh = new Set<string>();
  const isFresh = (path: string): boolean => path !== '.' && (fresh.has(path) || isFresh(parentOf(path)));
  const at = (path: string): string => join(home, path);
  const standing = (path: string): 'folder' | 'other' | null => {
    if (isFresh(parentOf(path))) return null;
    const stat = lstatSync(at(path), { throwIfNoEntry: false });
    return stat ? (stat.isDirectory() ? 'folder' : 'other') : null;
  };
  const kept = (path: string): string => `quarantine/${list.length + 1}-${basename(path)}`;
  const away = (path: string): void => {
    const was = standing(path) && identify(at(path));
    if (was) list.push({ kind: 'away', path, kept: kept(path), was });
  };
  return {
    list,
    puts,
    away,
    folder: (path, mode) => {
      if (standing(path) === 'folder') return;
      away(path);
      fresh.add(path);
      list.push({ kind: 'folder', path, mode });
    },
    put: (path, staged) => {
      const is = identify(join(run, staged));
      if (!is) throw new Error(`${staged} is not staged`);
      const stands = standing(path);
      if (stands === 'folder') away(path);
      const was = stands === 'other' ? identify(at(path)) : null;
      list.push({ kind: 'put', path, staged, is, kept: kept(path), was });
      puts.add(path);
    },
  };
}
