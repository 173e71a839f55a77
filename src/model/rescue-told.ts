import { count } from './amounts.ts';

/**
 * What a rescue comes to, as a run of it keeps it and a bundle tells it: counts by table and by session, seqs and times, and
 * nothing that a row says.
 */
export interface RescueTold {
  readonly rescued: number;
  /** Rows that indexes name and that no page holds. */
  readonly lost: number;
  /** Rows that something in the ledger contradicts: left out. */
  readonly uncertain: number;
  /** Reasons why more may be lost without a trace. */
  readonly doubts: number;
  /** Events that may be among them, at most: seqs that nothing names. */
  readonly unaccounted: number;
  /** Sessions whose own row is lost. */
  readonly placeholders: number;
  readonly damage: {
    /** Bytes. */
    readonly mainBytes: number;
    readonly walBytes: number;
    readonly damagedPages: number;
    readonly damagedFrames: number;
    /** Committed frames that shared memory counts and that are gone. */
    readonly lostFrames: number;
    /** The WAL belongs to another ledger, or to another state of this one. */
    readonly foreignWal: boolean;
  };
  /** Tables that have, or had, rows. */
  readonly tables: readonly {
    readonly table: string;
    readonly rescued: number;
    readonly lost: number;
    readonly uncertain: number;
  }[];
  /** The first sessions that are not complete or may not be, and how many there are. */
  readonly sessions: readonly RescuedSession[];
  readonly incomplete: number;
  /** Events that are lost or uncertain, and of which no index says whose they are. */
  readonly unplaced: number;
}

export interface RescuedSession {
  readonly id: string;
  /** Only of a ledger that is damaged now: what a run keeps must not outlive a session that is deleted. */
  readonly title?: string | null | undefined;
  /** Its own row is lost, and another stands for it. */
  readonly placeholder: boolean;
  /** Events. */
  readonly rescued: number;
  readonly lost: number;
  readonly uncertain: number;
  /** The first ranges of seqs of both, each from the first to the last. */
  readonly seqs: readonly (readonly [first: number, last: number])[];
  /** Times of the first and the last of them, as far as an index tells. */
  readonly missingFrom: string | null;
  readonly missingUntil: string | null;
  /** What lies between two events of it, and of which nothing says whose it is: most likely its, too. */
  readonly likely: {
    readonly lost: number;
    /** Seqs that nothing names. */
    readonly unaccounted: number;
    readonly seqs: RescuedSession['seqs'];
  } | null;
  /** Its row says that it ran, none of its events is there, and some may be lost without a trace. */
  readonly eventless: boolean;
}

/** Why a bundle does not tell what can be rescued. */
export type NotRescued = 'too-large' | 'late' | 'in-use' | 'no-room' | 'failed';

/** `rescue.json` of a bundle. */
export interface RescueMember {
  /** Of a damaged ledger as it is now; null where it is not damaged. */
  readonly now: RescueTold | { readonly outcome: NotRescued } | null;
  /** Rescues of this home, newest first. */
  readonly runs: readonly (RescueTold & { readonly run: string; readonly undone: boolean })[];
}

/** What a rescue did not bring back, as the end of a sentence about what it did; all of `counts` as `RescueTold` has them. */
export function lossWords({
  lost,
  uncertain,
  doubts,
  unaccounted,
}: Pick<RescueTold, 'lost' | 'uncertain' | 'doubts' | 'unaccounted'>): string {
  const parts = [
    ...(lost > 0 ? [`${count(lost, 'row was', 'rows were')} lost`] : []),
    ...(uncertain > 0 ? [`${count(uncertain, 'row was', 'rows were')} left out as damaged`] : []),
    ...(doubts > 0 && unaccounted > 0 ? [`up to ${count(unaccounted, 'event')} may be lost without a trace`] : []),
    ...(doubts > 0 && unaccounted === 0 ? ['rows may be lost without a trace'] : []),
  ];
  return parts.length === 0 ? 'nothing was lost' : parts.join(', ');
}
