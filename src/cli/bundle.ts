import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type Accepted, nothingAccepted } from '../accepted.ts';
import { kindOf, makeArchive } from '../bundle/archive.ts';
import { gather } from '../bundle/gather.ts';
import { type Cleaned, type Contents, packMembers } from '../bundle/pack.ts';
import type { Included, Member } from '../bundle/part.ts';
import { writeProven } from '../bundle/write.ts';
import type { OutsideFile } from '../host/outside-file.ts';
import { tool } from '../host/package.ts';
import { recordedHost } from '../host/recorded.ts';
import { harmlessJson } from '../model/harmless.ts';
import { makeProof } from '../redaction/proof.ts';
import { type Answer, answerOf, type Stage, sayEstimate, sayWithheld, sayWritten, stages } from '../render/bundle.ts';
import type { Format } from '../render/format.ts';
import { showProgress } from '../render/progress.ts';
import { makeReport, type Report, type Threshold } from '../report.ts';
import { type Diagnosis, judgeOn } from '../run/diagnose.ts';
import type { CheckRun } from '../runner.ts';
import { type DiagnoseOptions, diagnoseHome } from './diagnose-home.ts';
import { withGuests } from './guests.ts';
import { namedHome } from './home.ts';
import { asUsage, placeOf } from './outputs.ts';
import { print } from './print.ts';
import { selectChecks } from './select.ts';

export interface BundleOptions extends DiagnoseOptions {
  /** Null for a name of our own in the current folder. */
  readonly output: string | null;
  readonly estimate: boolean;
  /** The session whose events go in with their payloads. */
  readonly events: string | null;
  readonly titles: boolean;
  /** Lines of logs and texts of errors as they are. */
  readonly logText: boolean;
  readonly json: boolean;
}

const withheldCode = 6;
/** For what is gathered beyond the diagnosis: a silent daemon is watched for ten seconds. */
const gatherMs = 30_000;

/** `doctor bundle`: diagnoses, gathers, redacts, proves and writes. 0 when it is written, 6 when it is withheld. */
export async function bundle(options: BundleOptions, signal: AbortSignal): Promise<number> {
  const home = namedHome(options.home).path;
  const place = options.estimate && options.output === null ? null : placeIn(options.output, home);
  const checks = selectChecks(await withGuests(options.modules, options.home, signal), options.only, options.skip);
  const shown = options.json ? null : showProgress(stages, process.stdout, process.env);
  try {
    const pack = async (found: Diagnosis): Promise<Outcome> =>
      packed(found, {
        ...options,
        accepted: nothingAccepted,
        place,
        home,
        ended: signal,
        tell: (stage) => shown?.done(before(stage)),
      });
    const outcome = await diagnoseHome(checks, options, signal, pack, { moreMs: gatherMs });
    await shown?.end();
    signal.throwIfAborted();
    return await tell(outcome, options.json);
  } finally {
    await shown?.end();
  }
}

type PlaceOf = (run: Pick<Report, 'runId' | 'startedAt'>) => OutsideFile;

/** Opens the folder that a bundle will lie in. Without a name it has one of our own, which a run gives it at its end. */
function placeIn(output: string | null, home: string): PlaceOf {
  if (output !== null) {
    const file = placeOf('-o', resolve(output), home);
    return () => file;
  }
  // No file has this name, and what has its own is looked at when it is written.
  const { folder } = placeOf('bundle', resolve(`.coven-doctor-${randomUUID()}`), home);
  return (run) => ({ folder, name: ownName(run), path: join(folder.path, ownName(run)) });
}

const before = (stage: Stage): string => stages[stages.indexOf(stage) - 1] ?? '';

/** What packs the evidence behind a report on stdout; where it is, is told beside the report's own format. */
export async function packerAfter(home: string, format: Format, ended: AbortSignal) {
  const place = placeIn(null, home);
  return {
    milliseconds: gatherMs,
    pack: async (found: Diagnosis, report: { failOn: Threshold; accepted: Accepted }): Promise<number> => {
      const plain = { estimate: false, events: null, titles: false, logText: false, place, tell: () => undefined };
      const outcome = await packed(found, { ...report, ...plain, home, ended });
      if (format === 'text' || outcome.withheld.length > 0) return tell(outcome, false);
      process.stderr.write(sayWritten(outcome));
      return 0;
    },
  };
}

interface Asked {
  readonly failOn: Threshold;
  readonly accepted: Accepted;
  readonly estimate: boolean;
  readonly events: string | null;
  readonly titles: boolean;
  readonly logText: boolean;
  /** Null where nothing is written. */
  readonly place: PlaceOf | null;
  readonly home: string;
  /** Fires when the user has enough of it. */
  readonly ended: AbortSignal;
  readonly tell: (stage: Stage) => void;
}

type Outcome = Answer & { readonly estimate: boolean };

async function packed({ host, runs, run, signal }: Diagnosis, asked: Asked): Promise<Outcome> {
  const { home, titles, events, estimate } = asked;
  const haul = await gather(host, { home, env: process.env, titles, eventsOf: events, signal, tell: asked.tell });
  asked.tell('redaction');
  const { home: _, ...recorded } = run;
  const included = includedIn(asked);
  const contents = await packMembers(haul, runs, {
    run: recorded,
    tool: tool(),
    createdAt: new Date().toISOString(),
    included,
    report: async (cleaned) => {
      const judged = await judgedAgain(runs, cleaned, signal);
      const accepted = quoted(asked.accepted, cleaned);
      return reportMembers(makeReport(judged, asked.failOn, { ...run, home: '<coven-home>' }, accepted), cleaned);
    },
  });
  if (estimate || !asked.place) return { ...answerOf(contents.members, contents, unwritten), ok: true, estimate };
  return { ...(await proven(asked.place(run), contents, haul.forbidden, asked)), estimate };
}

const includedIn = ({ logText, titles, events }: Asked): readonly Included[] => [
  ...(logText ? (['log-text'] as const) : []),
  ...(titles ? (['titles'] as const) : []),
  ...(events === null ? [] : (['events'] as const)),
];

/** As long as a run has by default. */
const judgeMs = 20_000;

/**
 * What our checks say of the observations as the bundle holds them: its report cannot tell more than the bundle, and an
 * analysis of it tells the same. Each keeps the time that it took when the machine was looked at.
 */
async function judgedAgain(
  runs: readonly CheckRun[],
  { observations, runs: others }: Cleaned,
  signal: AbortSignal,
): Promise<readonly CheckRun[]> {
  const host = recordedHost(JSON.parse(JSON.stringify(observations)));
  const ours = runs.filter(({ check }) => !check.module);
  const checks = ours.map(({ check }) => check);
  const judged = await judgeOn(host, checks, { checkMs: judgeMs, signal });
  const of = new Map(
    [...judged.map((run, index) => ({ ...run, durationMs: ours[index]?.durationMs ?? 0 })), ...others].map((run) => [
      run.check.id,
      run,
    ]),
  );
  return runs.flatMap(({ check }) => of.get(check.id) ?? []);
}

/** Reasons are the user's own words. */
const quoted = (accepted: Accepted, { line }: Cleaned): Accepted => ({
  baseline: accepted.baseline && { ...accepted.baseline, runId: line(accepted.baseline.runId) },
  suppressions: accepted.suppressions.map((entry) => ({ ...entry, reason: line(entry.reason) })),
});

const unwritten = { ok: false, path: null, bytes: null, withheld: [] };

/** How often members may be reduced: to shapes, and then to nothing. */
const mostTries = 4;

/** Writes the bundle when it is proven. Members that cannot be are reduced, so that support gets all the others. */
async function proven(file: OutsideFile, packed: Contents, known: readonly string[], asked: Asked): Promise<Answer> {
  const { ended, tell } = asked;
  const prove = await makeProof(known);
  let contents = packed;
  for (let tries = 1; ; tries += 1) {
    tell('archive');
    const archive = await makeArchive(contents.members, kindOf(file.path));
    tell('proof');
    const withheld = await writeProven(file, archive, prove, ended).catch((error) => {
      throw ended.aborted ? error : asUsage(error, file.path, 'cannot be written');
    });
    if (withheld.length === 0)
      return answerOf(contents.members, contents, { ok: true, path: file.path, bytes: archive.length, withheld });
    const less = tries < mostTries ? contents.without(withheld) : null;
    if (!less) return answerOf(contents.members, contents, { ...unwritten, withheld });
    contents = less;
  }
}

const ownName = ({ runId, startedAt }: Pick<Report, 'runId' | 'startedAt'>): string =>
  `coven-doctor-${startedAt.slice(0, '2026-12-31'.length)}-${runId.slice(0, 8)}.zip`;

/** The report as people, programs and support read it. */
async function reportMembers(report: Report, { observations, included }: Cleaned): Promise<readonly Member[]> {
  const [{ renderJson }, { renderPage }, { renderText }] = await Promise.all([
    import('../render/json.ts'),
    import('../render/page.ts'),
    import('../render/text.ts'),
  ]);
  const member = (name: string, text: string): Member => ({ name, bytes: Buffer.from(text) });
  return [
    member('report.html', renderPage(report, observations, included)),
    member('report.json', renderJson(report, tool())),
    member('report.txt', renderText(report, { tool: tool(), verbose: true, color: false })),
  ];
}

async function tell(outcome: Outcome, json: boolean): Promise<number> {
  const { estimate, ...answer } = outcome;
  const isWithheld = answer.withheld.length > 0;
  if (json) await print(`${harmlessJson(JSON.stringify(answer, null, 2))}\n`);
  else if (isWithheld) process.stderr.write(sayWithheld(answer.withheld));
  else await print(estimate ? sayEstimate(answer) : sayWritten(answer));
  return isWithheld ? withheldCode : 0;
}
