import { join } from 'node:path';
import { kindOf } from '../bundle/archive-kind.ts';
import { type Collected, gather } from '../bundle/gather.ts';
import { type Included, type Part, rescueName } from '../bundle/part.ts';
import { writeProven } from '../bundle/write.ts';
import { names } from '../coven/layout.ts';
import { lookNow } from '../host/files.ts';
import type { OutsideFile } from '../host/outside-file.ts';
import { harmlessJson } from '../model/harmless.ts';
import { type Packer, packProcess, startPacker } from '../packing/packer.ts';
import type { Packed, PackRequest, SaidRun } from '../packing/protocol.ts';
import type { Hit } from '../redaction/proof.ts';
import { type Answer, answerOf, type Stage, sayEstimate, sayWithheld, sayWritten, stages } from '../render/bundle.ts';
import type { Format } from '../render/format.ts';
import { type Accepted, nothingAccepted } from '../run/accepted.ts';
import type { Diagnosis } from '../run/diagnose.ts';
import type { Threshold } from '../run/report.ts';
import type { CheckRun } from '../run/runner.ts';
import { longWork, progressOf, readingOf } from '../terminal/display.ts';
import { print, printError, printScreen } from '../terminal/print.ts';
import { diagnoseHome } from './diagnosis/diagnose-home.ts';
import { type PlaceOf, placeIn } from './options/bundle-place.ts';
import { namedHome } from './options/home.ts';
import { asUsage } from './options/outputs.ts';
import { withPluginChecks } from './options/plugins.ts';
import { selectChecks } from './options/select.ts';
import type { DiagnoseOptions } from './options/shared.ts';
import { rescueMember } from './rescue/member.ts';

export interface BundleOptions extends DiagnoseOptions {
  /** Null for a default name in the current folder. */
  readonly output: string | null;
  /** An older file of that name may be replaced. */
  readonly force: boolean;
  readonly estimate: boolean;
  /** The session whose events go in with their payloads. */
  readonly events: string | null;
  readonly titles: boolean;
  /** Include log lines and error texts unredacted by shape. */
  readonly logText: boolean;
  readonly json: boolean;
}

const withheldCode = 6;
/** For what is gathered beyond the diagnosis: a silent daemon is watched for ten seconds. */
const gatherMs = 30_000;

/** The seconds of the checks and the milliseconds of what is gathered beyond; of a time that is given, the rest is for packing and proving. */
export const timesOf = (timeout: number | undefined) =>
  timeout === undefined
    ? { timeout, moreMs: gatherMs }
    : { timeout: timeout * 0.5, moreMs: Math.min(gatherMs, timeout * 300) };

/** `coven-doctor bundle`: diagnoses, collects, redacts, proves and writes. Exits with 0 if it was written, 6 if it was withheld. */
export async function bundle(options: BundleOptions, signal: AbortSignal): Promise<number> {
  const home = namedHome(options.home).path;
  const place =
    options.estimate && options.output === null
      ? null
      : placeIn(options.output, home, options.estimate || options.force);
  const checks = selectChecks(
    await withPluginChecks(options.modules, options.home, signal),
    options.only,
    options.skip,
  );
  const shown = options.json ? null : showStages(home);
  const textReader = packProcess();
  try {
    const pack = async (found: Diagnosis): Promise<Outcome> =>
      packed(startPacker(signal, textReader), found, {
        ...options,
        accepted: nothingAccepted,
        place,
        home,
        tell: (stage) => shown?.tell(stage),
      });
    const watch = shown && { done: () => undefined, reading: shown.reading };
    const { timeout, moreMs } = timesOf(options.timeout);
    const more = { moreMs, textReader, ...(watch && { watch }) };
    const outcome = await diagnoseHome(checks, { ...options, timeout }, signal, pack, more);
    await shown?.end();
    signal.throwIfAborted();
    return await tell(outcome, options.json);
  } finally {
    await shown?.end();
  }
}

/** Shows the stages on a terminal. Elsewhere, if the files are large, prints one line at the start and one at the end. */
function showStages(home: string) {
  const progress = progressOf(stages.map((title) => ({ title, parts: [title] })));
  const reading = readingOf(progress, stages[0]);
  const work = progress.isShown ? null : longWork(false);
  work?.begin({ title: 'Collecting the evidence', unit: null, of: 1, size: bytesOf(home) });
  return {
    reading,
    tell: (stage: Stage): void => progress.done(before(stage)),
    end: async (): Promise<void> => {
      reading(null);
      work?.end();
      await progress.end();
    },
  };
}

/** Bytes of the files that take long to read; 0 if they cannot be examined. */
function bytesOf(home: string): number {
  try {
    const files = [names.ledger, names.wal, names.recoveryLog].map((name) => lookNow(join(home, name)));
    return files.reduce((sum, file) => sum + Number(file?.size ?? 0n), 0);
  } catch {
    return 0;
  }
}

const before = (stage: Stage): string => stages[stages.indexOf(stage) - 1] ?? '';

/** For `--bundle`: packs the evidence after the report was printed. With formats for programs, the path goes to stderr. */
export async function packerAfter(home: string, format: Format, ended: AbortSignal) {
  const place = placeIn(null, home);
  const textReader = packProcess();
  return {
    more: { moreMs: gatherMs, textReader },
    pack: async (found: Diagnosis, report: { failOn: Threshold; accepted: Accepted }): Promise<number> => {
      // The report is already printed. The stages are shown below it while they last.
      const shown = format === 'text' ? showStages(home) : null;
      const tellStage = (stage: Stage): void => shown?.tell(stage);
      const plain = {
        estimate: false,
        force: false,
        events: null,
        titles: false,
        logText: false,
        place,
        tell: tellStage,
      };
      const outcome = await packed(startPacker(ended, textReader), found, { ...report, ...plain, home }).finally(() =>
        shown?.end(),
      );
      if (format === 'text' || outcome.withheld.length > 0) return tell(outcome, false);
      printError(sayWritten(outcome));
      return 0;
    },
  };
}

interface Asked {
  readonly force: boolean;
  readonly failOn: Threshold;
  readonly accepted: Accepted;
  readonly estimate: boolean;
  readonly events: string | null;
  readonly titles: boolean;
  readonly logText: boolean;
  /** Null where nothing is written. */
  readonly place: PlaceOf | null;
  readonly home: string;
  readonly tell: (stage: Stage) => void;
}

type Outcome = Answer & { readonly estimate: boolean };

async function packed(packer: Packer, found: Diagnosis, asked: Asked): Promise<Outcome> {
  try {
    return await packedBy(packer, found, asked);
  } finally {
    await packer.end();
  }
}

/** The bundle of a diagnosis, packed and proven by `packer`. */
export async function packedBy(packer: Packer, { host, runs, run, signal }: Diagnosis, asked: Asked): Promise<Outcome> {
  const { home, titles, events, estimate, force, failOn, accepted, tell, place } = asked;
  const [gathered, rescue] = await Promise.all([
    gather(host, { home, env: process.env, titles, eventsOf: events, signal, tell }),
    rescueMember(home, runs, signal),
  ]);
  const collected = rescue ? withPart(gathered, { name: rescueName, json: rescue }) : gathered;
  tell('redaction');
  const request = {
    ...{ collected, run, failOn, accepted },
    runs: runs.map(saidRun),
    included: includedIn(asked),
    createdAt: new Date().toISOString(),
  };
  if (!estimate && place) return { ...(await proven(place(run), force, request, packer, tell)), estimate };
  const contents = await packer.pack({ ...request, found: [], kind: null });
  if ('hits' in contents) return { ...withholding(null, contents.hits), estimate };
  return { ...answerOf(contents.members, contents, unwritten), ok: true, estimate };
}

const withPart = (all: Collected, part: Part): Collected => ({
  ...all,
  gathered: { ...all.gathered, parts: [...all.gathered.parts, part] },
});

const saidRun = ({ check, ...said }: CheckRun): SaidRun => {
  if (check.module === undefined) return { ...said, check: check.id };
  const { judge: _, skip: __, ...words } = check;
  return { ...said, check: words };
};

const includedIn = ({ logText, titles, events }: Asked): readonly Included[] => [
  ...(logText ? (['log-text'] as const) : []),
  ...(titles ? (['titles'] as const) : []),
  ...(events === null ? [] : (['events'] as const)),
];

const unwritten = { ok: false, path: null, bytes: null, withheld: [] };
const none: Omit<Packed, 'archive'> = { members: [], cut: [], leftOut: [], reduced: [] };
const withholding = (contents: Packed | null, withheld: Answer['withheld']): Answer =>
  answerOf(contents?.members ?? [], contents ?? none, { ...unwritten, withheld });

/** How often members may be reduced: first to shapes, then to nothing. */
const mostTries = 4;

/** Writes the bundle when it is proven. Members that cannot be are reduced, so that support gets all the others. */
async function proven(
  file: OutsideFile,
  force: boolean,
  request: Omit<PackRequest, 'do' | 'givenUp' | 'found' | 'kind'>,
  packer: Packer,
  tell: Asked['tell'],
): Promise<Answer> {
  const found: (readonly Hit[])[] = [];
  let last: Packed | null = null;
  for (;;) {
    const contents = await packer.pack({ ...request, found, kind: kindOf(file.path) });
    if ('hits' in contents) return withholding(last, contents.hits);
    last = contents;
    tell('archive');
    const archive = contents.archive ?? Buffer.alloc(0);
    tell('proof');
    const prove = (path: string): Promise<readonly Hit[]> => packer.prove(path, request.collected.forbidden);
    const withheld = await writeProven(file, archive, prove, force).catch((error) => {
      throw asUsage(error, file.path, 'cannot be written');
    });
    if (withheld.length === 0)
      return answerOf(contents.members, contents, { ok: true, path: file.path, bytes: archive.length, withheld });
    found.push(withheld);
    if (found.length === mostTries) return withholding(contents, withheld);
  }
}

async function tell(outcome: Outcome, json: boolean): Promise<number> {
  const { estimate, ...answer } = outcome;
  const isWithheld = answer.withheld.length > 0;
  if (json) await print(`${harmlessJson(JSON.stringify(answer, null, 2))}\n`);
  else if (isWithheld) printError(sayWithheld(answer.withheld));
  else await printScreen(estimate ? sayEstimate(answer) : sayWritten(answer));
  return isWithheld ? withheldCode : 0;
}
