import type { SeqRange } from './report.ts';

const toldRanges = 50;

/** An event with its seq: in the rescued ledger, or named by an index alone. Of those that are named, `session` may not be known. */
export interface SeenEvent {
  readonly seq: number;
  readonly session: string | null;
  /** It is in the rescued ledger. */
  readonly isHeld: boolean;
}

/** Events between two of one session, which are most likely of that session, too. */
export interface Likely {
  /** Events that an index names, without their session. */
  readonly lost: number;
  /** Seqs that nothing names. */
  readonly unaccounted: number;
  /** The first of both. */
  readonly seqs: readonly SeqRange[];
}

interface Growing {
  lost: number;
  unaccounted: number;
  readonly seqs: [number, number][];
}

export interface Gaps {
  /** Seqs up to the last one that is seen which neither a row nor an index names. */
  readonly unaccounted: number;
  readonly seqs: readonly SeqRange[];
  readonly last: number;
}

/**
 * What lies between the events that are placed, each in its session. Coven numbers events one after the other, so that a seq that
 * nothing names was lost without a trace, or deleted with its session. `seen` is in the order of seqs. `join` is told each gap
 * between two events of one session.
 */
export function gapsOf(
  seen: Iterable<SeenEvent>,
  isBlind: boolean,
  join: (session: string, gap: Likely) => void,
): Gaps {
  const all = empty();
  let gap = empty();
  let before: string | null = null;
  let last = 0;
  for (const { seq, session, isHeld } of seen) {
    if (isBlind && seq > last + 1) add(gap, 'unaccounted', last + 1, seq - 1);
    last = Math.max(last, seq);
    if (session === null && !isHeld) {
      add(gap, 'lost', seq, seq);
      continue;
    }
    if (gap.seqs.length > 0) {
      all.unaccounted += gap.unaccounted;
      if (before !== null && before === session) join(before, gap);
      gap = empty();
    }
    before = session;
  }
  all.unaccounted += gap.unaccounted;
  return { unaccounted: all.unaccounted, seqs: all.seqs, last };

  function add(to: Growing, what: 'lost' | 'unaccounted', first: number, end: number): void {
    to[what] += end - first + 1;
    extend(to.seqs, first, end);
    if (what === 'unaccounted') extend(all.seqs, first, end);
  }
}

const empty = (): Growing => ({ lost: 0, unaccounted: 0, seqs: [] });

/** Adds a range behind the others; those beyond what is told are left out. */
export function extend(ranges: [number, number][], first: number, end: number): void {
  const last = ranges.at(-1);
  if (last && last[1] === first - 1) last[1] = end;
  else if (ranges.length < toldRanges) ranges.push([first, end]);
}
