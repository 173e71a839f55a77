import { chmodSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkRoom, homeOf } from '../../backup/place.ts';
import { settleNow } from '../../backup/settle.ts';
import { sync } from '../../backup/sync.ts';
import { names } from '../../coven/layout.ts';
import { lookNow } from '../../host/files.ts';
import { placeOfLedger } from '../../host/ledger-place.ts';
import { installIn } from '../../host/observations/install.ts';
import { rehearse } from '../../host/rehearse.ts';
import type { Stage } from '../../model/stage.ts';
import { keptLimits, keptName } from '../../repair/engine/kept-rescues.ts';
import type { Recovered } from '../../repair/engine/recover.ts';
import { Refusal } from '../../repair/engine/refusal.ts';
import { type ReplaceOptions, replaceInHome } from '../../repair/engine/replace.ts';
import type { FixOutcome } from '../../repair/engine/transaction.ts';
import { isWhole } from '../../rescue/outcome.ts';
import type { RescueReport } from '../../rescue/report.ts';
import { RescueFailed } from '../../store/ask-rescue.ts';
import { toldOf } from './kept.ts';

const rehearsalMs = 120_000;

/** The outcome of a rescue in place. */
export interface PutInPlace {
  readonly runId: string;
  /** Interrupted runs that were recovered first. */
  readonly recovered: readonly Recovered[];
  /** The outcome of the engine; null if the user did not agree. */
  readonly ended: FixOutcome | null;
  readonly report: RescueReport;
  /** The version of Coven that opened a copy of the rescued ledger; null if none is on PATH. */
  readonly opened: string | null;
  readonly outcome: 'done' | 'not-agreed' | 'refused' | 'failed';
  readonly reason: {
    readonly code: string;
    readonly facts: Readonly<Record<string, string | number | boolean | null>>;
  } | null;
  readonly exit: number;
}

export interface InPlaceOptions {
  readonly home: string;
  /** Reads the ledger and writes the rescued one to `output`. `folder` is for data that does not fit in memory. */
  readonly run: (ledger: string, place: { readonly folder: string; readonly output: string }) => Promise<RescueReport>;
  readonly agree: (report: RescueReport, opened: string | null) => Promise<boolean>;
  /** As `replaceInHome` takes them. */
  readonly more?: Pick<ReplaceOptions<unknown>, 'backup' | 'recheck' | 'tell'>;
  readonly signal: AbortSignal;
}

interface Prepared {
  readonly report: RescueReport;
  readonly opened: string | null;
}

/**
 * Replaces the damaged ledger by the rescued one, as a run of the engine. Every file of the damaged one stays in the
 * quarantine of the run, and `undo` puts it back. Rejects if nothing was begun.
 */
export async function rescueInPlace({ home: named, run, agree, more, signal }: InPlaceOptions): Promise<PutInPlace> {
  const home = homeOf(named);
  const { prepared, outcome, runId, recovered, exit } = await replaceInHome<Prepared>({
    home,
    name: 'rescue',
    prepare: (stage) => prepare(stage, run, signal),
    agree: ({ report, opened }) => agree(report, opened),
    ...more,
    signal,
  });
  const done = !outcome
    ? 'not-agreed'
    : outcome.outcome === 'fixed'
      ? 'done'
      : outcome.outcome === 'refused'
        ? 'refused'
        : 'failed';
  return { runId, recovered, ...prepared, outcome: done, ended: outcome, reason: outcome?.reason ?? null, exit };
}

async function prepare(stage: Stage, run: InPlaceOptions['run'], signal: AbortSignal): Promise<Prepared> {
  const { main: ledger, linkedTo } = await placeOfLedger(stage.home);
  // What comes of it belongs where the link leads to, and no step of ours works there.
  if (linkedTo !== null) throw new Refusal('ledger-elsewhere', { to: linkedTo });
  // First: what is there by now is what is compared under the locks.
  const place = stage.ledger(names.ledger);
  const parts = [ledger, `${ledger}-wal`].map((part) => lookNow(part));
  const bytes = parts.reduce((sum, part) => sum + Number(part?.size ?? 0n), 0);
  // The candidates, the rescued ledger, and a settled copy of the damaged one with the copy that it is made of.
  checkRoom(stage.run, stage.home, bytes, 10, 4);
  const scratch = join(stage.run, 'now');
  mkdirSync(scratch, { mode: 0o700 });
  await settleNow(stage.home, names.ledger, scratch, place.settled, signal);
  const report = await run(ledger, { folder: scratch, output: place.main });
  if (!isWhole(report.checks))
    throw new RescueFailed(
      `the rescued ledger does not pass its checks (${[...report.checks.integrity, report.checks.search][0] ?? 'foreign keys'})`,
    );
  const opened = await openedByCoven(place.main, bytes, signal);
  const was = lstatSync(ledger, { throwIfNoEntry: false });
  chmodSync(place.main, was?.isFile() ? was.mode & 0o666 : 0o600);
  const kept = join(stage.run, keptName);
  const filled = (report.merge?.taken.filter(({ recorded }) => recorded > 0) ?? []).slice(0, keptLimits.sessions);
  const told = {
    ...toldOf(report, false),
    filled: filled.map(({ session: id, recorded: events }) => ({ id, events })),
  };
  writeFileSync(kept, JSON.stringify(told), { flag: 'wx', mode: 0o600 });
  sync(kept);
  sync(place.main);
  sync(dirname(place.main));
  return { report, opened };
}

/** Lets the Coven on PATH open a copy of the rescued ledger. Throws if it cannot; null if there is none. */
async function openedByCoven(ledger: string, bytes: number, signal: AbortSignal): Promise<string | null> {
  const { covens } = await installIn(process.env);
  const coven = covens.find(({ ours }) => !ours);
  if (!coven) return null;
  const answer = await rehearse(ledger, {
    ...{ program: coven.path, env: process.env, milliseconds: rehearsalMs, signal },
    copyLimit: Math.max(2 * bytes, 1024 ** 3),
  });
  if (answer.outcome === 'refused' || answer.outcome === 'crashed' || answer.unwritable !== null)
    throw new RescueFailed(
      `Coven ${answer.version ?? ''} does not work on a copy of the rescued ledger: ${answer.said ?? answer.unwritable}`,
    );
  return answer.outcome === 'opened' ? answer.version : null;
}
