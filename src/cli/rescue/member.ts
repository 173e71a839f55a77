import { lstatSync } from 'node:fs';
import { Refused } from '../../backup/refused.ts';
import { deadline } from '../../deadline.ts';
import { placeOfLedger } from '../../host/ledger-place.ts';
import { needsRescue } from '../../model/plan-input.ts';
import type { NotRescued, RescueMember, RescueTold } from '../../model/rescue-told.ts';
import { keptRescues } from '../../repair/engine/kept-rescues.ts';
import { isWhole } from '../../rescue/outcome.ts';
import type { CheckRun } from '../../run/runner.ts';
import { rescueIntoScratch } from './foreseen.ts';
import { toldOf } from './kept.ts';

/** Milliseconds: as long as the other parts of a bundle take. */
const rescueMs = 20_000;
/** A larger ledger cannot be rescued in that time, so the rescue is not begun. */
const mostBytes = 512 * 1024 ** 2;

/** The rescue member of a bundle: what can be rescued of a damaged ledger, and the results of earlier rescues. Null if there is neither. */
export async function rescueMember(
  home: string,
  runs: readonly CheckRun[],
  signal: AbortSignal,
): Promise<RescueMember | null> {
  const found = runs.flatMap(({ check, findings }) => findings.map((finding) => ({ check, finding })));
  const kept = keptRescues(home);
  const now = needsRescue(found) ? await foreseen(home, signal) : null;
  return now === null && kept.length === 0 ? null : { now, runs: kept };
}

async function foreseen(home: string, parent: AbortSignal): Promise<RescueTold | { readonly outcome: NotRescued }> {
  const limit = deadline(rescueMs, parent);
  limit.hold();
  try {
    const { main, wal } = await placeOfLedger(home);
    const bytes = sizeOf(main) + sizeOf(wal);
    if (bytes > mostBytes) return { outcome: 'too-large' };
    const { report, isMoved } = await rescueIntoScratch(home, limit.signal, () => undefined);
    if (isMoved) return { outcome: 'in-use' };
    return isWhole(report.checks) ? toldOf(report, true) : { outcome: 'failed' };
  } catch (error) {
    if (limit.signal.aborted) return { outcome: 'late' };
    return { outcome: error instanceof Refused ? 'no-room' : 'failed' };
  } finally {
    limit.done();
  }
}

const sizeOf = (path: string): number => lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
