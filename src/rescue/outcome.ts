import type { RescueReport } from './report.ts';

/** 0: everything that was committed is there. 1: something is lost. 3: something may be lost without a trace. */
export function exitOf({ lost, uncertain, doubts, checks }: RescueReport): 0 | 1 | 3 | 4 {
  if (!isWhole(checks)) return 4;
  if (lost > 0 || uncertain > 0) return 1;
  return doubts.length > 0 ? 3 : 0;
}

/** Whether SQLite finds nothing wrong with the rescued ledger. */
export const isWhole = ({ integrity, foreignKeys, search }: RescueReport['checks']): boolean =>
  integrity.length === 0 && foreignKeys === 0 && search === null;
