import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { outsideOf } from '../backup/place.ts';
import { Refused } from '../backup/refused.ts';
import { names } from '../coven/layout.ts';
import { shownReport } from '../disclosure/rescue-shown.ts';
import { CannotSee } from '../host/host.ts';
import { placeOfLedger } from '../host/ledger-place.ts';
import { Unsafe } from '../host/outside.ts';
import { fillOutsideFile } from '../host/outside-file.ts';
import { makeScratch } from '../host/scratch.ts';
import { fingerprintOf } from '../host/still.ts';
import { command } from '../model/advice.ts';
import { harmless, harmlessJson } from '../model/harmless.ts';
import { offerLines, renderPlaced, renderRescue, renderUseless } from '../render/rescue.ts';
import { typedLine } from '../render/typed.ts';
import { reasonWords } from '../render/words/reasons.ts';
import { Refusal } from '../repair/engine/refusal.ts';
import { exitOf, isUndamaged } from '../rescue/outcome.ts';
import type { RescueReport } from '../rescue/report.ts';
import { RescueFailed } from '../store/ask-rescue.ts';
import { consent } from '../terminal/consent.ts';
import { print, printError, printScreen } from '../terminal/print.ts';
import { UsageError } from '../terminal/usage.ts';
import type { Named } from './options/home.ts';
import { asUsage, placeOf } from './options/outputs.ts';
import { rescueWork } from './rescue/foreseen.ts';
import { rescueInPlace } from './rescue/in-place.ts';
import { recordedLosses } from './rescue/kept.ts';
import { backupsToMerge, otherLedger, runRescue } from './rescue/run.ts';

export interface RescueOptions {
  readonly home: string;
  /** How a command about it is typed. */
  readonly named: Named;
  /** A ledger elsewhere, or a folder with one; null for the home's. */
  readonly from: string | null;
  /** Another ledger that fills what this one lost: a file, a folder with one, or the id of a run or a backup. */
  readonly merge: string | null;
  /** Sessions of that one that are wanted whole. */
  readonly sessions: readonly string[];
  /** A folder outside the home that backups are in. */
  readonly backupDir: string | null;
  readonly dryRun: boolean;
  readonly output: string | null;
  readonly yes: boolean;
  readonly json: boolean;
}

const refusedCode = 5;
const failedCode = 4;

/** `coven-doctor rescue`: 0 where nothing was lost, 1 where something was, 3 where that is not known. */
export async function rescue(given: RescueOptions, signal: AbortSignal): Promise<number> {
  const { linkedTo } = given.from === null ? await placeOfLedger(given.home) : { linkedTo: null };
  // What lies elsewhere is rescued into a file, and the words that follow say so.
  const options = linkedTo !== null && (given.dryRun || given.output !== null) ? { ...given, from: linkedTo } : given;
  const ledger = await ledgerOf(options);
  const { home, merge } = options;
  try {
    if (given.backupDir !== null) outsideOf(realpathSync(home), given.backupDir);
    const other = merge === null ? null : otherLedger(merge, home, given.backupDir);
    const { dryRun, output } = options;
    if (!dryRun && output === null) return await putInPlace(options, other, signal);
    const before = fingerprintOf(ledger);
    if (dryRun || output === null) {
      const scratch = makeScratch(home, deviceOf(ledger));
      try {
        const place = { folder: scratch.path, output: join(scratch.path, 'rescued') };
        const report = await run(ledger, place, options, other, signal);
        refuseMoved(ledger, before);
        return await tell(options, ledger, report, null, signal);
      } finally {
        scratch.remove();
      }
    }
    const place = placeOf('-o', output, home);
    let report: RescueReport | null = null;
    await fillOutsideFile(place, async (path, folder) => {
      report = await run(ledger, { folder, output: path }, options, other, signal);
      refuseMoved(ledger, before);
      return true;
    }).catch((error) => {
      throw asUsage(error, `-o ${output}`, 'cannot be written');
    });
    return await tell(options, ledger, report as unknown as RescueReport, place.path, signal);
  } catch (error) {
    if (error instanceof CannotSee || error instanceof Unsafe) throw new UsageError(error.message);
    const why = error instanceof Refusal ? reasonWords(error.reason.code, error.reason.facts) : null;
    const isRefused = why !== null || error instanceof Moving || error instanceof Refused;
    const code = error instanceof RescueFailed ? failedCode : isRefused ? refusedCode : null;
    if (code === null) throw error;
    const refused = `${why ?? (error as Error).message}; nothing was changed`;
    if (options.json) await print(`${JSON.stringify({ ok: false, refused }, null, 2)}\n`);
    else printError(`coven-doctor: ${harmless(refused)}\n`);
    return code;
  }
}

/** Shows what was rescued, asks, and puts it in the place of the damaged ledger. */
async function putInPlace(options: RescueOptions, other: string | null, signal: AbortSignal): Promise<number> {
  const { home, named, json, yes } = options;
  const ledger = join(realpathSync(home), names.ledger);
  let isUseless = false;
  const done = await rescueInPlace({
    home,
    run: async (path, place) => {
      const before = fingerprintOf(path);
      const report = await run(path, place, options, other, signal);
      refuseMoved(path, before);
      return report;
    },
    agree: async (report, opened) => {
      if (!json) {
        await printScreen(
          renderRescue(await shownReport(report, signal), {
            ...{ ledger, output: null, place: 'asked', opened, next: null },
            offers: offerLines(offersFor(options, report), named, folderWords(options.backupDir)),
          }),
        );
      }
      isUseless = changesNothing(report);
      if (isUseless) return false;
      return yes || (!json && (await consent('Put the rescued ledger in its place?', process.stderr, signal)));
    },
    signal,
  });
  const { report, runId, outcome, reason, opened } = done;
  const lost = exitOf(report);
  const exit = outcome === 'done' || isUseless ? lost : done.exit || refusedCode;
  const why = reason ? reasonWords(reason.code, reason.facts) : null;
  if (json) {
    const shown = {
      ok: exit === 0,
      ledger,
      outcome,
      run: runId,
      reason: why,
      opened,
      dryRun: false,
      ...(await shownReport(report, signal)),
    };
    await print(`${harmlessJson(JSON.stringify(shown, null, 2))}\n`);
  } else if (isUseless) await printScreen(renderUseless(recordedLosses(home).length > 0, named));
  else await printScreen(renderPlaced(outcome, runId, why, mergeWords(options), named));
  return exit;
}

/** A merge into a ledger that nothing is wrong with, and that brought nothing. */
const changesNothing = (report: RescueReport): boolean =>
  report.merge !== undefined && report.merge.sessions + report.merge.events === 0 && isUndamaged(report);

/** Somebody writes to the ledger: what was read of it belongs to no one moment. */
class Moving extends Error {}

function refuseMoved(ledger: string, before: string): void {
  if (fingerprintOf(ledger) !== before)
    throw new Moving(`${ledger} was written to while it was read; stop the daemon first: coven daemon stop`);
}

async function run(
  ledger: string,
  { folder, output }: { readonly folder: string; readonly output: string },
  { json, home, from, sessions }: RescueOptions,
  other: string | null,
  signal: AbortSignal,
): Promise<RescueReport> {
  const work = rescueWork(json);
  try {
    return await runRescue(
      { ledger, scratch: folder, output },
      { home, other, sessions, recorded: from === null ? recordedLosses(home) : [] },
      signal,
      work.tell,
    );
  } finally {
    work.end();
  }
}

/** What fills a rescue from another ledger, as it was typed. */
const mergeWords = ({ merge, sessions, backupDir }: RescueOptions): readonly string[] =>
  merge === null ? [] : ['--merge', merge, ...sessions.flatMap((id) => ['--session', id]), ...folderWords(backupDir)];

const folderWords = (backupDir: string | null): readonly string[] =>
  backupDir === null ? [] : ['--backup-dir', backupDir];

/** Of the home's own ledger, where it lost something that no other ledger was named for. */
const offersFor = (
  { home, from, merge, backupDir }: RescueOptions,
  report: RescueReport,
): ReturnType<typeof backupsToMerge> =>
  from === null && merge === null && !report.complete ? backupsToMerge(home, backupDir) : [];

async function tell(
  options: RescueOptions,
  ledger: string,
  report: RescueReport,
  output: string | null,
  signal: AbortSignal,
): Promise<number> {
  const { json, dryRun, from } = options;
  const exit = exitOf(report);
  const offers = offersFor(options, report);
  const told = await shownReport(report, signal);
  const shown = { ok: exit === 0, ledger, output, dryRun, ...told, backups: offers };
  // A ledger elsewhere is rescued into a file; the home's own in its place.
  const words = [...(from === null ? [] : ['--from', from, '-o', 'rescued.sqlite3']), ...mergeWords(options)];
  const named = from === null ? options.named : { path: options.home };
  const next = typedLine(command('coven-doctor', 'rescue', ...words), named);
  if (json) await print(`${harmlessJson(JSON.stringify(shown, null, 2))}\n`);
  else
    await printScreen(
      renderRescue(told, {
        ...{ ledger, output, place: null, opened: null, next },
        offers: offerLines(offers, named, folderWords(options.backupDir)),
      }),
    );
  return exit;
}

/** The ledger that is meant. A folder is a home, or a backup that was copied somewhere. */
async function ledgerOf({ from, home }: RescueOptions): Promise<string> {
  if (from === null) {
    const { main: path } = await placeOfLedger(home);
    if (!isThere(path) && !isThere(`${path}-wal`)) throw new UsageError(`there is no ledger in ${home}`);
    return path;
  }
  const stat = lstatSync(from, { throwIfNoEntry: false });
  if (!stat) throw new UsageError(`--from ${from}: there is nothing`);
  if (!stat.isDirectory()) return realpathSync(from);
  const inside = [names.ledger, `files/${names.ledger}`, `backup/files/${names.ledger}`].map((name) =>
    join(from, name),
  );
  const found = inside.find((path) => isThere(path) || isThere(`${path}-wal`));
  if (!found) throw new UsageError(`--from ${from}: no ${names.ledger} is in that folder`);
  return found;
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function deviceOf(ledger: string): string | null {
  const stat = lstatSync(ledger, { bigint: true, throwIfNoEntry: false });
  return stat ? String(stat.dev) : null;
}
