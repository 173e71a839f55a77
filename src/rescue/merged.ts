import type { MergeReport, RescueReport } from './report.ts';

/** The report of a rescue whose ledger was filled from another one. */
export function merged(report: RescueReport, merge: MergeReport): RescueReport {
  const filledOf = (table: string) => merge.filled.find((filled) => filled.table === table);
  const tables = report.tables.map((table) => {
    const filled = filledOf(table.table);
    return filled
      ? {
          ...table,
          rescued: table.rescued + filled.rows,
          lost: table.lost - filled.lost,
          uncertain: table.uncertain - filled.uncertain,
        }
      : table;
  });
  const taken = new Map(merge.taken.map((of) => [of.session, of]));
  const sessions = report.sessions.map((session) => {
    const of = taken.get(session.id);
    if (!of) return session;
    const [lost, uncertain] = [session.lost - of.lost, session.uncertain - of.uncertain];
    const isWhole = lost === 0 && uncertain === 0;
    return {
      ...session,
      ...{ lost, uncertain, placeholder: session.placeholder && !of.row, rescued: session.rescued + of.events },
      ...(isWhole && { missingSeqs: [], missingTimes: null }),
    };
  });
  const known = new Set(sessions.map(({ id }) => id));
  const come = merge.taken
    .filter(({ session }) => !known.has(session))
    .map(({ session, events }) => ({
      ...{ id: session, title: null, status: null, placeholder: false, rescued: events },
      ...{ seqs: null, lost: 0, uncertain: 0, missingSeqs: [], missingTimes: null },
    }));
  const sum = (of: 'lost' | 'uncertain'): number => tables.reduce((total, table) => total + table[of], 0);
  const [lost, uncertain] = [sum('lost'), sum('uncertain')];
  const back = (session: string | null): boolean => session !== null && (taken.get(session)?.row ?? false);
  return {
    ...report,
    ...{ tables, lost, uncertain, merge, checks: merge.checks, bytes: merge.bytes },
    sessions: [...sessions, ...come],
    missing: report.missing.filter(({ table, id }) => table !== 'sessions' || !back(id)),
    placeholders: sessions.filter(({ placeholder }) => placeholder).length,
    complete: lost === 0 && uncertain === 0 && report.doubts.length === 0,
  };
}
