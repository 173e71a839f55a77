import { join } from 'node:path';
import * as v from 'valibot';
import { readOurs } from '../../backup/place.ts';
import { Refused } from '../../backup/refused.ts';
import { isErrno } from '../../host/files.ts';
import { parseJson } from '../../json.ts';
import type { RescueTold } from '../../model/rescue-told.ts';
import { Refusal } from './refusal.ts';
import { listRuns, type RunInfo } from './runs.ts';

/** The name of the file in the folder of a rescue's run. */
export const keptName = 'rescue-report.json';
export const keptLimits = { sessions: 1000, tables: 1000 } as const;
/** Rescues of one ledger after the other, of which the losses are asked for. */
const mostStanding = 20;
/** Bytes. */
const sizeLimit = 4 * 1024 ** 2;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seq = v.pipe(v.number(), v.safeInteger());
const text = v.pipe(v.string(), v.maxLength(200));
const seqs = v.pipe(v.array(v.tuple([seq, seq])), v.maxLength(100));
/** Events that a merge brought back, by session, of what an earlier rescue lost. */
interface Kept extends RescueTold {
  readonly filled: readonly { readonly id: string; readonly events: number }[];
}
/** What runs of 0.1.0 do not keep has a value of its own. */
const told: () => v.GenericSchema<unknown, Kept> = () =>
  v.object({
    ...{ rescued: count, lost: count, uncertain: count, doubts: count, placeholders: count },
    ...{ unaccounted: v.optional(count, 0), unplaced: v.optional(count, 0) },
    damage: v.object({
      ...{ mainBytes: count, walBytes: count, damagedPages: count, damagedFrames: count, lostFrames: count },
      foreignWal: v.boolean(),
    }),
    tables: v.pipe(
      v.array(v.object({ table: text, rescued: count, lost: count, uncertain: count })),
      v.maxLength(keptLimits.tables),
    ),
    sessions: v.pipe(
      v.array(
        v.object({
          ...{ id: text, placeholder: v.boolean(), rescued: count, lost: count, uncertain: count },
          seqs,
          ...{ missingFrom: v.nullable(text), missingUntil: v.nullable(text) },
          likely: v.optional(v.nullable(v.object({ lost: count, unaccounted: count, seqs })), null),
          eventless: v.optional(v.boolean(), false),
        }),
      ),
      v.maxLength(keptLimits.sessions),
    ),
    incomplete: count,
    filled: v.optional(v.pipe(v.array(v.object({ id: text, events: count })), v.maxLength(keptLimits.sessions)), []),
  });

export interface KeptRescue extends RescueTold {
  readonly run: string;
  readonly undone: boolean;
}

/** The results of the rescues of this home, newest first, from the folders of their runs. */
export function keptRescues(home: string): readonly KeptRescue[] {
  try {
    const filled = new Map<string, number>();
    return listRuns(home).flatMap(({ id, state, undoneBy }) => {
      const kept = state === 'committed' ? keptIn(home, id) : null;
      if (!kept) return [];
      return [{ ...lessFilled(kept, undoneBy === null, filled), run: id, undone: undoneBy !== null }];
    });
  } catch (error) {
    // A file that another user made, or that cannot be read, is ignored.
    if (error instanceof Refusal || (error instanceof Error && 'syscall' in error)) return [];
    throw error;
  }
}

/** A rescue whose ledger is the one in place, as far as runs tell. */
export interface StandingRescue {
  readonly run: string;
  /** ISO 8601. */
  readonly at: string | null;
  /** Null where its account is missing, or is not ours. */
  readonly told: RescueTold | null;
}

/** The newest rescues of `runs` that were neither undone nor followed by a restore, at most `most`. `runs` are newest first. */
export function standingRescues(home: string, runs: readonly RunInfo[], most: number): readonly StandingRescue[] {
  const standing = runs.filter(({ state, undoes, undoneBy }) => state === 'committed' && !undoes && !undoneBy);
  const filled = new Map<string, number>();
  const restored = standing.findIndex(({ fixes }) => fixes.includes('backup restore'));
  return standing
    .slice(0, restored === -1 ? standing.length : restored)
    .filter(({ fixes }) => fixes.includes('rescue'))
    .slice(0, most)
    .map(({ id, at }) => {
      const kept = keptIn(home, id);
      return { run: id, at, told: kept && lessFilled(kept, true, filled) };
    });
}

/** What the rescues that made the ledger in place lost; none where that cannot be read. */
export function standingLosses(home: string): readonly RescueTold[] {
  try {
    return standingRescues(home, listRuns(home), mostStanding).flatMap(({ told }) => (told ? [told] : []));
  } catch (error) {
    if (error instanceof Refusal || (error instanceof Error && 'syscall' in error)) return [];
    throw error;
  }
}

/** An account without what newer runs filled of it; takes down what its own run filled, where that run stands. */
function lessFilled({ filled: own, ...kept }: Kept, stands: boolean, filled: Map<string, number>): RescueTold {
  let gone = 0;
  const sessions = kept.sessions.map((session) => {
    const back = Math.min(filled.get(session.id) ?? 0, session.lost + session.uncertain);
    if (back === 0) return session;
    gone += back;
    filled.set(session.id, (filled.get(session.id) ?? 0) - back);
    const lost = Math.max(0, session.lost - back);
    return { ...session, lost, uncertain: session.uncertain - (back - (session.lost - lost)) };
  });
  if (stands) for (const { id, events } of own) filled.set(id, (filled.get(id) ?? 0) + events);
  if (gone === 0) return kept;
  const isLeft = ({ lost, uncertain, placeholder, likely, eventless }: RescueTold['sessions'][number]): boolean =>
    lost + uncertain > 0 || placeholder || likely !== null || eventless;
  const left = sessions.filter(isLeft);
  const lost = Math.max(0, kept.lost - gone);
  const incomplete = Math.max(0, kept.incomplete - (sessions.length - left.length));
  return { ...kept, lost, uncertain: kept.uncertain - (gone - (kept.lost - lost)), sessions: left, incomplete };
}

function keptIn(home: string, run: string): Kept | null {
  try {
    const parsed = v.safeParse(told(), parseJson(readOurs(join(home, 'doctor', 'runs', run, keptName), sizeLimit)));
    return parsed.success ? parsed.output : null;
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError || isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
