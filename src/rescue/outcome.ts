import type { RescueReport, SessionReport } from './report.ts';

/** 0: everything that was committed is there. 1: something is lost, and more may be. 3: something may be lost without a trace. */
export function exitOf({ lost, uncertain, doubts, checks }: RescueReport): 0 | 1 | 3 | 4 {
  if (!isWhole(checks)) return 4;
  if (lost > 0 || uncertain > 0) return 1;
  return doubts.length > 0 ? 3 : 0;
}

/** Whether SQLite finds nothing wrong with the rescued ledger. */
export const isWhole = ({ integrity, foreignKeys, search }: RescueReport['checks']): boolean =>
  integrity.length === 0 && foreignKeys === 0 && search === null;

/** Whether nothing was found that is damaged, and nothing is missing: such a ledger has to be rescued from nothing. */
export const isUndamaged = ({ complete, source, refused }: RescueReport): boolean =>
  complete &&
  refused.length === 0 &&
  source.damagedPages + source.damagedFrames + source.lostFrames === 0 &&
  !source.foreignWal &&
  source.schema === 'read';

/** Whether a session that is known lacks something, or may. Events of no known session are told under the id ''. */
export const isIncomplete = ({ id, lost, uncertain, placeholder, likely, eventless }: SessionReport): boolean =>
  id !== '' && (lost > 0 || uncertain > 0 || placeholder || likely !== null || eventless);
