import { type LongWork, showLongWork } from '../render/long-work.ts';
import { type Area, type Progress, showProgress } from '../render/progress.ts';
import { showReading } from '../render/reading.ts';

/** Set by --quiet: no progress is shown, only results and errors. */
let isQuiet = false;

export function beQuiet(): void {
  isQuiet = true;
}

/** Whether steps may be told one by one as they are done. */
export const showsSteps = (): boolean => !isQuiet;

/** Progress by areas, on stdout, where the report is printed afterwards. */
export const progressOf = (areas: readonly Area[]): Progress =>
  showProgress(areas, process.stdout, process.env, isQuiet);

/** Progress of one long step, on stderr; none if a program reads the result. */
export const longWork = (isForProgram: boolean): LongWork =>
  showLongWork(process.stderr, process.env, isQuiet || isForProgram);

/** Progress of reading a whole ledger, on the line of the area that `part` belongs to. */
export const readingOf = (progress: Progress, part: string): ReturnType<typeof showReading> =>
  showReading(progress, part, () => longWork(false));
