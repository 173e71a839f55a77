import { randomBytes } from 'node:crypto';

/** As `doctor/runs/<id>` names it: `20261124T221500Z-3f9a2c`. */
export const runIdPattern = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;

/** Runs of one home: an hour's repair, every hour for half a year. More of them are not looked through. */
export const mostRuns = 5000;

/** The end of the year 9999. */
const latest = 253_402_300_800_000;

export const isRunId = (name: string): boolean => runIdPattern.test(name);

/** The id of a new run. Ids sort in the order of their making, also when the clock was set back in between. */
export function nextRunId(others: readonly string[], now: Date): string {
  const newest = others.filter(isRunId).sort().at(-1);
  const last = newest?.replace(/^(....)(..)(..)T(..)(..)(..)Z.*/, '$1-$2-$3T$4:$5:$6Z');
  const next = last ? Date.parse(last) + 1000 : 0;
  // A name that is no time, or none that an id can tell, was made by nobody.
  const time = new Date(next < latest ? Math.max(now.getTime(), next) : now);
  return `${time.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`;
}
