import { lstatSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listBackups } from '../../backup/list.ts';
import { outsideOf } from '../../backup/place.ts';
import { Refused } from '../../backup/refused.ts';
import { names } from '../../coven/layout.ts';
import { namesWithin } from '../../host/names.ts';
import { makeScratch } from '../../host/scratch.ts';
import { isRunId } from '../../model/run-id.ts';
import type { Offer } from '../../render/rescue.ts';
import { merged } from '../../rescue/merged.ts';
import { isWhole } from '../../rescue/outcome.ts';
import type { MergeRequest, RescueProgress, RescueReport, RescueRequest } from '../../rescue/report.ts';
import { askMerge, askRescue, RescueFailed } from '../../store/ask-rescue.ts';
import { UsageError } from '../../terminal/usage.ts';

export interface Sources {
  readonly home: string;
  readonly other: string;
  readonly sessions: readonly string[];
  /** What earlier rescues of this ledger lost. */
  readonly recorded: MergeRequest['recorded'];
}

/**
 * Rescues a ledger and, where another is named, fills it from that one, which is rescued into scratch first: so neither is
 * opened through SQLite, and one that is damaged itself gives what it has.
 */
export async function runRescue(
  request: RescueRequest,
  { home, other, ...rest }: Omit<Sources, 'other'> & { readonly other: string | null },
  signal: AbortSignal,
  tell: (progress: RescueProgress) => void,
): Promise<RescueReport> {
  const report = await askRescue(request, signal, tell);
  return other === null ? report : fillFrom(report, request, { home, other, ...rest }, signal, tell);
}

/** Fills what a rescue wrote from another ledger; the report of both. */
export async function fillFrom(
  report: RescueReport,
  request: RescueRequest,
  { home, other, sessions, recorded }: Sources,
  signal: AbortSignal,
  tell: (progress: RescueProgress) => void,
): Promise<RescueReport> {
  if (!isWhole(report.checks)) throw new RescueFailed('the rescued ledger does not pass its checks');
  const device = lstatSync(request.scratch, { bigint: true }).dev;
  const scratch = makeScratch(home, String(device));
  try {
    const from = join(scratch.path, 'rescued');
    const theirs = await askRescue({ ledger: other, scratch: scratch.path, output: from }, signal, tell);
    const has = (table: string): boolean =>
      [report, theirs].every((one) => one.tables.some((of) => of.table === table));
    if (!has('sessions') || !has('events')) throw new RescueFailed('one of the two ledgers has no sessions and events');
    const unaccounted = report.unaccounted?.events ?? null;
    const done = await askMerge(
      { into: request.output, from, scratch: request.scratch, sessions, recorded, unaccounted },
      signal,
    );
    const [unknown] = done.merge.unknown;
    if (unknown !== undefined) throw new UsageError(`--session ${unknown}: ${other} holds no session of that id`);
    return merged(report, done);
  } finally {
    scratch.remove();
  }
}

/** Names of a ledger in a folder: of a home, and of a backup. */
const inFolder = [names.ledger, `files/${names.ledger}`, `backup/files/${names.ledger}`];

/** The ledger that a word names: a file, a folder with one, or a run of this home that keeps one or made a backup. */
export function otherLedger(word: string, home: string, backupDir: string | null): string {
  const isId = isRunId(word);
  const places = isId ? runFolders(home, backupDir).map((folder) => join(folder, word)) : [resolve(word)];
  const path = places.find((one) => lstatSync(one, { throwIfNoEntry: false }));
  const stat = path && lstatSync(path, { throwIfNoEntry: false });
  if (!stat) {
    const elsewhere =
      isId && backupDir === null ? '; if the backup is in a folder of its own, name that with --backup-dir' : '';
    throw new UsageError(`--merge ${word}: there is nothing at ${places.join(' or ')}${elsewhere}`);
  }
  if (stat.isFile()) return realpathSync(path);
  const ledgers = stat.isDirectory()
    ? [...keptIn(join(path, 'quarantine')), ...inFolder.map((name) => join(path, name))]
    : [];
  const found = ledgers.find((one) => lstatSync(one, { throwIfNoEntry: false })?.isFile());
  if (!found) throw new UsageError(`--merge ${word}: no ${names.ledger} is in ${path}`);
  return found;
}

/** Folders with runs or backups of this home, the one that was named first. */
const runFolders = (home: string, backupDir: string | null): readonly string[] => [
  ...(backupDir === null ? [] : [outsideOf(realpathSync(home), backupDir)]),
  join(realpathSync(home), 'doctor', 'runs'),
];

/** A run sets one aside, and one more where it puts another in its place. */
const mostKept = 100;

/** The home's own ledger in the quarantine of a run, as `1-coven.sqlite3`. */
function keptIn(quarantine: string): readonly string[] {
  try {
    const found = namesWithin(quarantine, mostKept, (name) => /^\d+-coven\.sqlite3$/.test(name));
    return (found ?? []).map((name) => join(quarantine, name));
  } catch {
    return [];
  }
}

/** Sound backups of this home, newest first, with what each holds; none where what is in `doctor/` cannot be looked at. */
export function backupsToMerge(home: string, backupDir: string | null): readonly Offer[] {
  try {
    return listBackups(runFolders(home, backupDir))
      .flatMap((backup): Offer[] => {
        const ledger =
          backup.state === 'whole' ? backup.manifest.ledgers.find(({ path }) => path === names.ledger) : null;
        if (backup.state !== 'whole' || !ledger?.sound) return [];
        const rows = (table: string): number => ledger.content.tables.find(({ name }) => name === table)?.rows ?? 0;
        return [{ id: backup.id, madeAt: backup.manifest.madeAt, sessions: rows('sessions'), events: rows('events') }];
      })
      .toReversed()
      .slice(0, 5);
  } catch (error) {
    if (error instanceof Refused) return [];
    throw error;
  }
}
