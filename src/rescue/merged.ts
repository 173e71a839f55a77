import type { Merged, RescueReport } from './report.ts';

/** The report of a rescue whose ledger was filled from another one. */
export function merged(report: RescueReport, { merge, left }: Merged): RescueReport {
  const tables = report.tables.map((table) => {
    const filled = merge.filled.find((one) => one.table === table.table);
    return filled
      ? {
          ...table,
          rescued: table.rescued + filled.rows,
          lost: table.lost - filled.lost,
          uncertain: table.uncertain - filled.uncertain,
        }
      : table;
  });
  const sum = (of: 'lost' | 'uncertain'): number => tables.reduce((total, table) => total + table[of], 0);
  const [lost, uncertain] = [sum('lost'), sum('uncertain')];
  return {
    ...report,
    ...left,
    ...{ tables, lost, uncertain, merge, checks: merge.checks, bytes: merge.bytes },
    complete: lost === 0 && uncertain === 0 && report.doubts.length === 0,
  };
}
