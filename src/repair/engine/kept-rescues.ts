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
/** Bytes. */
const sizeLimit = 4 * 1024 ** 2;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seq = v.pipe(v.number(), v.safeInteger());
const text = v.pipe(v.string(), v.maxLength(200));
const seqs = v.pipe(v.array(v.tuple([seq, seq])), v.maxLength(100));
/** What runs of 0.1.0 do not keep has a value of its own. */
const told: () => v.GenericSchema<unknown, RescueTold> = () =>
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
  });

export interface KeptRescue extends RescueTold {
  readonly run: string;
  readonly undone: boolean;
}

/** The results of the rescues of this home, newest first, from the folders of their runs. */
export function keptRescues(home: string): readonly KeptRescue[] {
  try {
    return listRuns(home).flatMap(({ id, state, undoneBy }) => {
      const kept = state === 'committed' ? keptIn(home, id) : null;
      return kept ? [{ ...kept, run: id, undone: undoneBy !== null }] : [];
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
  const restored = standing.findIndex(({ fixes }) => fixes.includes('backup restore'));
  return standing
    .slice(0, restored === -1 ? standing.length : restored)
    .filter(({ fixes }) => fixes.includes('rescue'))
    .slice(0, most)
    .map(({ id, at }) => ({ run: id, at, told: keptIn(home, id) }));
}

function keptIn(home: string, run: string): RescueTold | null {
  try {
    const parsed = v.safeParse(told(), parseJson(readOurs(join(home, 'doctor', 'runs', run, keptName), sizeLimit)));
    return parsed.success ? parsed.output : null;
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError || isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
