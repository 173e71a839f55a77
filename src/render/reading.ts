import type { Reading } from '../model/reading.ts';
import { drawnWork, type LongWork } from './long-work.ts';
import type { Progress } from './progress.ts';

const titles: Readonly<Record<Reading['at'], string>> = {
  pages: 'Reading the ledger',
  checks: 'Checking the ledger',
  rows: 'Reading its rows',
};

/**
 * Shows a long reading of the ledger: on the line of the area of `part` if areas are shown, else like other long work.
 * Null ends it.
 */
export function showReading(
  progress: Progress,
  part: string,
  longWork: () => LongWork,
): (reading: Reading | null) => void {
  const work = progress.isShown ? drawnWork((line) => progress.note(part, line)) : longWork();
  return (reading) => {
    if (!reading) return work.end();
    const { at, bytes, read } = reading;
    work.begin({ title: titles[at], unit: read ? 'bytes' : null, of: bytes, size: bytes }, read ?? undefined);
  };
}
