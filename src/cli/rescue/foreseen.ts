import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { checkRoom } from '../../backup/place.ts';
import { ledgerParts } from '../../coven/layout.ts';
import { lookNow } from '../../host/files.ts';
import { identify } from '../../host/identity.ts';
import { placeOfLedger } from '../../host/ledger-place.ts';
import { makeScratch } from '../../host/scratch.ts';
import { fingerprintOf } from '../../host/still.ts';
import type { RescueForecast } from '../../model/plan-input.ts';
import { type FillingBackup, type RescueCounts, toldSessions } from '../../model/step.ts';
import { rescueStep } from '../../render/rescue.ts';
import { reasonWords } from '../../render/words/reasons.ts';
import { isWhole } from '../../rescue/outcome.ts';
import type { RescueProgress, RescueReport, RescueRequest } from '../../rescue/report.ts';
import { askRescue, RescueFailed } from '../../store/ask-rescue.ts';
import { longWork } from '../../terminal/display.ts';
import { UsageError } from '../../terminal/usage.ts';
import { toldOf } from './kept.ts';
import { backupsToMerge, fillFrom, otherLedger } from './run.ts';

/** The counts that the user agrees to. A rescue with other counts is not the one that was shown. */
export function countsOf(report: RescueReport): RescueCounts {
  const { damage: _, sessions, ...counts } = toldOf(report, false);
  const told = sessions.slice(0, toldSessions);
  return {
    ...counts,
    sessions: told.map(({ id, likely, lost, uncertain, placeholder, eventless }) => ({
      ...{ session: id, lost, uncertain, placeholder, eventless },
      likely: (likely?.lost ?? 0) + (likely?.unaccounted ?? 0),
    })),
  };
}

/** Rescues the ledger of a home into a scratch folder and returns the result. The home is not changed. */
export async function foreseeRescue(home: string, shows: boolean, signal: AbortSignal): Promise<RescueForecast> {
  const { main: ledger, linkedTo } = await placeOfLedger(home);
  if (linkedTo !== null) return { why: reasonWords('ledger-elsewhere', { to: linkedTo }) };
  const [wal, shm] = ledgerParts.map((part) => identify(join(realpathSync(home), part)));
  const files = { main: identify(ledger), wal: wal ?? null, shm: shm ?? null, journal: identify(`${ledger}-journal`) };
  const work = rescueWork(!shows);
  try {
    const offer: { backup?: FillingBackup | null } = {};
    const fill = async (report: RescueReport, request: RescueRequest): Promise<void> => {
      if (report.lost + report.uncertain > 0)
        offer.backup = await fillingBackup(home, report, request, signal, work.tell);
    };
    const { report, isMoved } = await rescueIntoScratch(home, signal, work.tell, fill).finally(work.end);
    if (isMoved) return { why: 'the ledger was written to while it was read' };
    if (!isWhole(report.checks)) return { why: 'the rescued ledger does not pass its checks' };
    return { ledger: files, counts: countsOf(report), ...(offer.backup && { backup: offer.backup }) };
  } catch (error) {
    signal.throwIfAborted();
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * The newest sound backup, if it holds rows that a rescue omitted. It is merged like `rescue --merge`, into the rescued
 * ledger in scratch, so only rows count that the damaged ledger still names.
 */
async function fillingBackup(
  home: string,
  report: RescueReport,
  request: RescueRequest,
  signal: AbortSignal,
  tell: (progress: RescueProgress) => void,
): Promise<FillingBackup | null> {
  const [newest] = backupsToMerge(home, null);
  if (!newest) return null;
  try {
    const sources = { home, other: otherLedger(newest.id, home, null), sessions: [], recorded: [] };
    const filled = await fillFrom(report, request, sources, signal, tell);
    const fills = report.lost + report.uncertain - filled.lost - filled.uncertain;
    const { leftOut, way } = filled.merge ?? { leftOut: { sessions: 0, events: 0 }, way: 'join' };
    if (fills <= 0 || way === 'join') return null;
    const rows = (name: string): number => filled.tables.find(({ table }) => table === name)?.rescued ?? 0;
    const { id, madeAt, sessions, events } = newest;
    // What it has in common with the filled ledger is all of it but what is left out.
    const lacks = {
      sessions: Math.max(0, rows('sessions') - (sessions - leftOut.sessions)),
      events: Math.max(0, rows('events') - (events - leftOut.events)),
    };
    return { run: id, madeAt, sessions, events, fills, lacks };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RescueFailed || error instanceof UsageError) return null;
    throw error;
  }
}

/** Rescues a home's ledger into scratch that is gone by the end. `isMoved`: it was written to, so that what was read is of no one moment. */
export async function rescueIntoScratch(
  home: string,
  signal: AbortSignal,
  tell: (progress: RescueProgress) => void,
  /** What else is done with the rescued ledger while it is there. */
  then?: (report: RescueReport, request: RescueRequest) => Promise<void>,
): Promise<{ readonly report: RescueReport; readonly isMoved: boolean }> {
  const { main: ledger } = await placeOfLedger(home);
  const before = fingerprintOf(ledger);
  const scratch = makeScratch(home, String(lstatSync(home, { bigint: true }).dev));
  try {
    const bytes = [ledger, `${ledger}-wal`].reduce((sum, part) => sum + Number(lookNow(part)?.size ?? 0n), 0);
    checkRoom(scratch.path, home, bytes, 4, 2);
    const request = { ledger, scratch: scratch.path, output: join(scratch.path, 'rescued') };
    const report = await askRescue(request, signal, tell);
    await then?.(report, request);
    return { report, isMoved: fingerprintOf(ledger) !== before };
  } finally {
    scratch.remove();
  }
}

/** Shows the progress of a rescue. */
export function rescueWork(isQuiet: boolean) {
  const work = longWork(isQuiet);
  let phase: RescueProgress['phase'] | null = null;
  return {
    tell: (progress: RescueProgress): void => {
      if (progress.phase !== phase) work.begin(rescueStep(progress));
      phase = progress.phase;
      work.done(progress.done);
    },
    end: work.end,
  };
}
