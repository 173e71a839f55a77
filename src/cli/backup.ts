import { join } from 'node:path';
import { createBackup } from '../backup/create.ts';
import { type Listed, listBackups } from '../backup/list.ts';
import { beginRun, homeOf, outsideOf, removeScratch } from '../backup/place.ts';
import { prove } from '../backup/prove.ts';
import { failed, Refused } from '../backup/refused.ts';
import { prepareRestore } from '../backup/restore.ts';
import { removable } from '../backup/retention.ts';
import { Unsafe } from '../host/outside.ts';
import { harmless, harmlessJson } from '../model/harmless.ts';
import { expand } from '../model/shell.ts';
import * as words from '../render/backup.ts';
import { reasonWords } from '../render/words/reasons.ts';
import { Refusal } from '../repair/engine/refusal.ts';
import { openRepairContext } from '../repair/engine/repair-context.ts';
import { replaceInHome } from '../repair/engine/replace.ts';
import { neededBackups } from '../repair/engine/runs.ts';
import { sweep } from '../repair/engine/sweep.ts';
import { consent } from '../terminal/consent.ts';
import { longWork } from '../terminal/display.ts';
import { print, printError, printScreen } from '../terminal/print.ts';
import { UsageError } from '../terminal/usage.ts';
import type { Named } from './options/home.ts';
import { backupWork } from './repair/run-backup.ts';

export interface BackupOptions {
  readonly home: string;
  /** The home as it is named in commands. */
  readonly named: Named;
  /** Null for the runs in the home. */
  readonly backupDir: string | null;
  readonly json: boolean;
}

const refusedCode = 5;
/** The backup lacks files that could not be read or named. */
const incompleteCode = 3;
/** With more backups than this, `list` says which may be removed. */
const keep = { count: 5, bytes: 10 * 1024 ** 3 };

type Whole = Extract<Listed, { state: 'whole' }>;

/** Where backups of this home are. Only those in the home need the doctor's lock, which is held until `close`. */
async function placeOf({
  home,
  backupDir,
}: BackupOptions): Promise<{ readonly place: string; readonly close: () => void }> {
  const real = homeOf(home);
  if (backupDir !== null) return { place: outsideOf(real, backupDir), close: () => undefined };
  const repair = await openRepairContext(real);
  sweep(repair);
  return { place: join(real, 'doctor', 'runs'), close: repair.close };
}

/** Runs `act` and returns its exit code. A refusal is printed, and its exit code returned. */
async function refusing({ json, home }: BackupOptions, act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Unsafe) throw new UsageError(error.message);
    const why = error instanceof Refusal ? expand(reasonWords(error.reason.code, error.reason.facts), home) : null;
    if (why === null && !(error instanceof Refused)) throw error;
    const refused = why ?? (error as Refused).message;
    if (json) await print(documentOf({ ok: false, refused }));
    else printError(`coven-doctor: ${harmless(refused)}\n`);
    return error instanceof Refused ? error.exit : refusedCode;
  }
}

export function create(options: BackupOptions, signal: AbortSignal): Promise<number> {
  return refusing(options, async () => {
    const { place, close } = await placeOf(options);
    const into = beginRun(place);
    const work = backupWork(into, options.json);
    try {
      const made = await createBackup({ home: options.home, into, signal, tell: work.tell });
      work.end();
      await say(options.json, { ok: true, ...words.summary(made.id, made.path, made.manifest) }, words.created(made));
      return (made.manifest.unheld ?? []).length > 0 ? incompleteCode : 0;
    } catch (error) {
      // A backup that failed leaves no files behind.
      removeScratch(into);
      throw error;
    } finally {
      work.end();
      close();
    }
  });
}

export function list(options: BackupOptions): Promise<number> {
  const { home, backupDir, json } = options;
  return refusing(options, async () => {
    const backups = listBackups([backupDir ?? join(homeOf(home), 'doctor', 'runs')]);
    const mayGo = removable(backups, keep, neededBackups(homeOf(home)));
    await say(
      json,
      { ok: true, backups: backups.map(words.listed), removable: mayGo },
      words.list(backups, mayGo, options.named),
    );
    return 0;
  });
}

/** `backup verify`: exits with 1 if a backup differs from what it was when it was made. */
export function verify(options: BackupOptions, id: string | undefined, signal: AbortSignal): Promise<number> {
  return refusing(options, async () => {
    const { place, close } = await placeOf(options);
    try {
      const chosen = listBackups([place], id);
      if (id !== undefined && chosen.length === 0) throw unknown(id);
      const verdicts = [];
      const work = longWork(options.json);
      for (const backup of chosen) {
        const size = backup.state === 'whole' ? backup.manifest.bytes : 0;
        work.begin({ title: `Proving ${backup.id}`, unit: null, of: 1, size });
        const proof =
          backup.state === 'whole' ? await prove(backup.path, backup.manifest, signal).finally(work.end) : null;
        verdicts.push({ backup, proof });
      }
      work.end();
      const ok = verdicts.every(({ proof }) => proof?.proven === true);
      await say(options.json, { ok, backups: verdicts.map(words.verdict) }, words.verified(verdicts, options.named));
      return ok ? 0 : 1;
    } finally {
      close();
    }
  });
}

export interface Agreed {
  readonly lossy: boolean;
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export function restore(options: BackupOptions, id: string, agreed: Agreed, signal: AbortSignal): Promise<number> {
  return refusing(options, async () => {
    const { json } = options;
    const home = homeOf(options.home);
    let shown = '';
    const { prepared, outcome, runId, exit } = await replaceInHome({
      home,
      name: 'backup restore',
      prepare: async (stage) => {
        const place = options.backupDir === null ? join(home, 'doctor', 'runs') : outsideOf(home, options.backupDir);
        const backup = choose(place, id);
        const work = longWork(json);
        work.begin({ title: 'Preparing the restore', unit: null, of: 1, size: backup.manifest.bytes });
        const prepared = await prepareRestore(backup, stage, signal)
          .catch((error) => {
            throw failed(`the restore of ${home}`, error, 'and nothing was changed');
          })
          .finally(work.end);
        shown = words.preview(backup, prepared);
        return prepared;
      },
      agree: async () =>
        agreed.lossy &&
        !agreed.dryRun &&
        (agreed.yes || (!json && (await consent(`${shown}Put it back?`, process.stderr, signal)))),
      signal,
    });
    const loss = words.loss(prepared);
    if (!outcome && agreed.dryRun) {
      await say(json, { ok: true, dryRun: true, ...loss }, `${shown}${words.toRestore(id, options)}`);
      return signal.aborted ? exit : 0;
    }
    if (!outcome) {
      const why = agreed.lossy ? 'it was not agreed to; --yes agrees' : 'it needs --allow lossy';
      await say(
        json,
        { ok: false, refused: why, ...loss },
        `${shown}Not done: ${why}.\n${words.toRestore(id, options)}`,
      );
      return exit;
    }
    if (outcome.outcome !== 'fixed') throw new Refused(words.notRestored(outcome, home), exit);
    const quarantine = join(home, 'doctor', 'runs', runId, 'quarantine');
    const told = { ok: true, run: runId, ...loss, quarantine };
    await say(json, told, `${agreed.yes ? shown : ''}${words.restored(home, runId, prepared, options.named)}`);
    return exit;
  });
}

function choose(place: string, id: string): Whole {
  const found = listBackups([place], id);
  if (found.length === 0) throw unknown(id);
  const whole = found.find((backup): backup is Whole => backup.state === 'whole');
  if (whole) return whole;
  const [first] = found;
  const why = first?.state === 'refused' ? first.why : 'it was cut off while it was made';
  throw new Refused(`${first?.path} is not used: ${why}; choose another, as \`coven-doctor backup list\` names them`);
}

const unknown = (id: string): UsageError =>
  new UsageError(`no backup ${JSON.stringify(id)}; \`coven-doctor backup list\` names them all`);

const say = (json: boolean, document: object, text: string): Promise<void> =>
  json ? print(documentOf(document)) : printScreen(text);

const documentOf = (document: object): string => `${harmlessJson(JSON.stringify(document, null, 2))}\n`;
