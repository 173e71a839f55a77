import { join } from 'node:path';
import * as v from 'valibot';
import { readOurs } from '../../backup/place.ts';
import { Refused } from '../../backup/refused.ts';
import { isErrno } from '../../host/files.ts';
import { parseJson } from '../../json.ts';
import type { RescuedSession, RescueTold } from '../../model/rescue-told.ts';
import { Refusal } from '../../repair/engine/refusal.ts';
import { listRuns } from '../../repair/engine/runs.ts';
import { isIncomplete } from '../../rescue/outcome.ts';
import type { RescueReport } from '../../rescue/report.ts';

/** The name of the file in the folder of a rescue's run. */
export const keptName = 'rescue-report.json';
const sessionLimit = 1000;
const tableLimit = 1000;
const sizeLimit = 4 * 1024 ** 2;

/** The result of a rescue without the contents of rows. The `titles` of incomplete sessions are included on request. */
export function toldOf(report: RescueReport, titles: boolean): RescueTold {
  const { source, tables, sessions, lost, uncertain, doubts, placeholders, unaccounted } = report;
  const { mainBytes, walBytes, damagedPages, damagedFrames, lostFrames, foreignWal } = source;
  const hurt = sessions.filter(isIncomplete);
  const unplaced = sessions.find(({ id }) => id === '');
  return {
    rescued: tables.reduce((sum, { rescued }) => sum + rescued, 0),
    ...{ lost, uncertain, doubts: doubts.length, placeholders, unaccounted: unaccounted?.events ?? 0 },
    damage: { mainBytes, walBytes, damagedPages, damagedFrames, lostFrames, foreignWal },
    tables: tables
      .filter((one) => one.rescued + one.lost + one.uncertain > 0)
      .slice(0, tableLimit)
      .map(({ table, rescued, lost, uncertain }) => ({ table: table.slice(0, 200), rescued, lost, uncertain })),
    sessions: hurt.slice(0, sessionLimit).map((one) => ({
      id: one.id.slice(0, 200),
      ...(titles && { title: one.title }),
      ...{ placeholder: one.placeholder, rescued: one.rescued, lost: one.lost, uncertain: one.uncertain },
      seqs: one.missingSeqs,
      missingFrom: one.missingTimes?.[0].slice(0, 200) ?? null,
      missingUntil: one.missingTimes?.[1].slice(0, 200) ?? null,
      ...{ likely: one.likely, eventless: one.eventless },
    })),
    incomplete: hurt.length,
    unplaced: (unplaced?.lost ?? 0) + (unplaced?.uncertain ?? 0),
  };
}

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
      v.maxLength(tableLimit),
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
      v.maxLength(sessionLimit),
    ),
    incomplete: count,
  });

export interface KeptRescue extends RescueTold {
  readonly run: string;
  readonly undone: boolean;
}

/** What a rescue that stands left out of a session. */
export interface SessionLoss
  extends Pick<RescuedSession, 'lost' | 'uncertain' | 'seqs' | 'placeholder' | 'likely' | 'eventless'> {
  readonly run: string;
  /** More of it may be lost: events of which nothing says whose they are, or without a trace. */
  readonly mayLackMore: boolean;
}

/** Rows of a session that rescues of this home omitted, newest first. Rescues that were undone do not count. */
export const lossesOf = (home: string, session: string): readonly SessionLoss[] =>
  keptRescues(home).flatMap(({ run, undone, sessions, unplaced, unaccounted }) => {
    const loss = undone ? undefined : sessions.find(({ id }) => id === session);
    if (!loss) return [];
    const { lost, uncertain, seqs, placeholder, likely, eventless } = loss;
    const mayLackMore = unplaced + unaccounted > 0;
    return [{ run, lost, uncertain, seqs, placeholder, likely, eventless, mayLackMore }];
  });

/** The results of the rescues of this home, newest first, from the folders of their runs. */
export function keptRescues(home: string): readonly KeptRescue[] {
  try {
    return listRuns(home).flatMap(({ id, state, undoneBy }) => {
      const kept = state === 'committed' ? keptIn(join(home, 'doctor', 'runs', id)) : null;
      return kept ? [{ ...kept, run: id, undone: undoneBy !== null }] : [];
    });
  } catch (error) {
    // A file that another user made, or that cannot be read, is ignored.
    if (error instanceof Refusal || (error instanceof Error && 'syscall' in error)) return [];
    throw error;
  }
}

function keptIn(run: string): RescueTold | null {
  try {
    const parsed = v.safeParse(told(), parseJson(readOurs(join(run, keptName), sizeLimit)));
    return parsed.success ? parsed.output : null;
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError || isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
