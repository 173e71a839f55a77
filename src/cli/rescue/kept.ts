import type { RescuedSession, RescueTold } from '../../model/rescue-told.ts';
import { keptLimits, keptRescues, standingLosses } from '../../repair/engine/kept-rescues.ts';
import { isIncomplete } from '../../rescue/outcome.ts';
import type { RecordedLoss, RescueReport } from '../../rescue/report.ts';

/** The result of a rescue without the contents of rows. The `titles` of incomplete sessions are included on request. */
export function toldOf(report: RescueReport, titles: boolean): RescueTold {
  const { source, tables, sessions, incompleteSessions, lost, uncertain, doubts, placeholders, unaccounted } = report;
  const { mainBytes, walBytes, damagedPages, damagedFrames, lostFrames, foreignWal } = source;
  const hurt = sessions.filter(isIncomplete);
  const unplaced = sessions.find(({ id }) => id === '');
  return {
    rescued: tables.reduce((sum, { rescued }) => sum + rescued, 0),
    ...{ lost, uncertain, doubts: doubts.length, placeholders, unaccounted: unaccounted?.events ?? 0 },
    damage: { mainBytes, walBytes, damagedPages, damagedFrames, lostFrames, foreignWal },
    tables: tables
      .filter((one) => one.rescued + one.lost + one.uncertain > 0)
      .slice(0, keptLimits.tables)
      .map(({ table, rescued, lost, uncertain }) => ({ table: table.slice(0, 200), rescued, lost, uncertain })),
    sessions: hurt.slice(0, keptLimits.sessions).map((one) => ({
      id: one.id.slice(0, 200),
      ...(titles && { title: one.title }),
      ...{ placeholder: one.placeholder, rescued: one.rescued, lost: one.lost, uncertain: one.uncertain },
      seqs: one.missingSeqs,
      missingFrom: one.missingTimes?.[0].slice(0, 200) ?? null,
      missingUntil: one.missingTimes?.[1].slice(0, 200) ?? null,
      ...{ likely: one.likely, eventless: one.eventless },
    })),
    incomplete: incompleteSessions,
    unplaced: (unplaced?.lost ?? 0) + (unplaced?.uncertain ?? 0),
  };
}

/** What the rescues that made the ledger in place lost, and no merge since brought. */
export const recordedLosses = (home: string): readonly RecordedLoss[] =>
  standingLosses(home).flatMap(({ sessions }) =>
    sessions.map(({ id, seqs, placeholder }) => ({ session: id, seqs, row: placeholder })),
  );

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
