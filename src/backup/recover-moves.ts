import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  finish,
  type Ground,
  type Identity,
  identify,
  isSame,
  isUntouched,
  type Move,
  make,
  takeBack,
} from './moves.ts';
import { sync } from './sync.ts';

export type Recovery = 'taken-back' | 'finished' | 'kept';

/**
 * Ends a restore that was cut off. A ledger that somebody wrote to since holds rows that are nowhere else: it stays, and at
 * every point of a restore it has every row of the one ledger or of the other. Where it is the one of the backup, the
 * restore goes on; else the rest is taken back.
 */
export function recoverMoves(ground: Ground, moves: readonly Move[]): Recovery {
  const written = writtenSince(ground, moves);
  if (written.length === 0) {
    takeBack(ground, moves);
    return 'taken-back';
  }
  for (const move of moves)
    if (move.ledger !== undefined && written.includes(move.ledger)) dropSecondName(ground, move);
  const others = moves.filter(({ ledger }) => ledger === undefined || !written.includes(ledger));
  const isRestored = written.some((ledger) =>
    isPut(
      ground,
      moves.findLast(({ path }) => path === ledger),
    ),
  );
  if (!isRestored) {
    takeBack(ground, others);
    return 'kept';
  }
  for (const move of others) if (isUntouched(ground, move)) make(ground, move);
  finish(ground.run);
  return 'finished';
}

/** Ledgers that somebody wrote to after a restore of them was cut off. */
export function writtenSince(ground: Ground, moves: readonly Move[]): readonly string[] {
  const ledgers = [...new Set(moves.flatMap(({ ledger }) => ledger ?? []))];
  return ledgers.filter((ledger) =>
    isWritten(
      ground,
      moves.filter((move) => move.ledger === ledger),
    ),
  );
}

/** Whether the files of a ledger, of whose moves some were made, are not as those left them. */
function isWritten(ground: Ground, moves: readonly Move[]): boolean {
  const made = moves.filter((move) => !isUntouched(ground, move));
  if (made.length === 0) return false;
  const first = new Map(moves.toReversed().map((move) => [move.path, move.was]));
  const isOf = (path: string): readonly (Identity | null)[] => {
    const last = made.findLast((move) => move.path === path);
    // A crash between the two calls of a move leaves what was there.
    return last ? [last.is, ...(isHalf(ground, last) ? [last.was] : [])] : [first.get(path) ?? null];
  };
  return [...first.keys()].some((path) => {
    const now = identify(join(ground.home, path));
    return !isOf(path).some((is) => isSame(now, is));
  });
}

/** Whether what is staged has not come yet, or has gone again, though what was there is kept. */
const isHalf = ({ run }: Ground, { is, staged }: Move): boolean => is !== null && identify(join(run, staged)) !== null;

/** Whether a main file is the very file that was put there, whatever was written to it since. */
function isPut({ home }: Ground, move: Move | undefined): boolean {
  const now = move && identify(join(home, move.path));
  return now?.ino === move?.is?.ino && now?.dev === move?.is?.dev && now !== undefined;
}

/** A crash between the two calls of a move leaves what is in the home with a second name in the quarantine. */
function dropSecondName({ home, run }: Ground, { path, kept }: Move): void {
  const second = join(run, kept);
  const is = identify(second);
  if (is === null || !isSame(is, identify(join(home, path)))) return;
  rmSync(second);
  sync(dirname(second));
}
