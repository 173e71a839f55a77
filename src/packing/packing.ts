import { setMaxListeners } from 'node:events';
import { checks as ours } from '../../checks/index.ts';
import { makeArchive } from '../bundle/archive.ts';
import { type Cleaned, type Contents, packMembers } from '../bundle/pack.ts';
import type { Member } from '../bundle/part.ts';
import { scanBundle } from '../bundle/scan.ts';
import { recordedHost } from '../host/recorded.ts';
import type { RescueMember } from '../model/rescue-told.ts';
import { tool } from '../package.ts';
import type { Hit } from '../redaction/proof.ts';
import { renderJson } from '../render/json.ts';
import { renderPage } from '../render/page.ts';
import { renderText } from '../render/text.ts';
import type { Accepted } from '../run/accepted.ts';
import { judgeOn } from '../run/judge.ts';
import { makeReport, type Report } from '../run/report.ts';
import type { CheckRun } from '../run/runner.ts';
import type { Packed, PackRequest, ProveRequest, SaidRun } from './protocol.ts';

type Begin = (unit: string) => void;

/** Milliseconds: the default time of a run. */
const judgeMs = 20_000;
const never = new AbortController().signal;
setMaxListeners(0, never);

/** Redacts and packs; null if a finding cannot be reduced. `begin` is called with each unit of work. */
export async function packed(request: Omit<PackRequest, 'do'>, begin: Begin): Promise<Packed | null> {
  const contents = await contentsOf(request, begin);
  if (!contents) return null;
  const { members, cut, leftOut, reduced } = contents;
  begin('archive');
  return {
    members: members.map(({ name, bytes: { length } }) => ({ name, bytes: { length } })),
    cut,
    leftOut,
    reduced,
    archive: request.kind && (await makeArchive(members, request.kind)),
  };
}

async function contentsOf(request: Omit<PackRequest, 'do'>, begin: Begin): Promise<Contents | null> {
  const { collected, run, failOn, accepted, included, createdAt, givenUp } = request;
  const runs = request.runs.map(runOf);
  const { home: _, ...recorded } = run;
  let contents: Contents | null = await packMembers(collected, runs, {
    run: recorded,
    tool: tool(),
    createdAt,
    included,
    begin,
    givenUp,
    report: async (cleaned) => {
      const judged = await judgedAgain(runs, cleaned);
      return reportMembers(
        makeReport(judged, failOn, { ...run, home: '<coven-home>' }, quoted(accepted, cleaned)),
        cleaned,
      );
    },
  });
  for (const found of request.found) {
    // Members that were given up in the meantime are gone.
    const members: ReadonlySet<string> = new Set(contents?.members.map(({ name }) => name));
    const wanted = found.filter(({ member }) => members.has(member) || !givenUp.has(member));
    if (wanted.length > 0) contents = contents?.without(wanted) ?? null;
  }
  return contents;
}

/** Scans a written bundle. */
export async function hits({ path, forbidden }: Omit<ProveRequest, 'do'>, begin: Begin): Promise<readonly Hit[]> {
  const { makeProof } = await import('../redaction/proof.ts');
  return scanBundle(path, await makeProof(forbidden), begin);
}

/** Plug-in checks are not judged again. Their results are recorded. */
function runOf({ check, ...said }: SaidRun): CheckRun {
  if (typeof check !== 'string') return { ...said, check: { ...check, judge: () => [] } };
  const own = ours.find(({ id }) => id === check);
  if (!own) throw new Error(`no check of ours: ${check}`);
  return { ...said, check: own };
}

/**
 * Judges our checks on the redacted observations: the report of a bundle then contains no more than the bundle, and an
 * analysis gives the same findings. Each check keeps the duration of the live run.
 */
async function judgedAgain(
  runs: readonly CheckRun[],
  { observations, runs: others }: Cleaned,
): Promise<readonly CheckRun[]> {
  const host = recordedHost(JSON.parse(JSON.stringify(observations)));
  const own = runs.filter(({ check }) => !check.module);
  const checks = own.map(({ check }) => check);
  const judged = await judgeOn(host, checks, { checkMs: judgeMs, signal: never });
  const of = new Map(
    [...judged.map((run, index) => ({ ...run, durationMs: own[index]?.durationMs ?? 0 })), ...others].map((run) => [
      run.check.id,
      run,
    ]),
  );
  return runs.flatMap(({ check }) => of.get(check.id) ?? []);
}

/** Reasons are written by the user. */
const quoted = (accepted: Accepted, { line }: Cleaned): Accepted => ({
  baseline: accepted.baseline && { ...accepted.baseline, runId: line(accepted.baseline.runId) },
  suppressions: accepted.suppressions.map((entry) => ({ ...entry, reason: line(entry.reason) })),
});

/** The report as text, JSON and page. */
function reportMembers(report: Report, { observations, included, system, rescue }: Cleaned): readonly Member[] {
  const member = (name: string, text: string): Member => ({ name, bytes: Buffer.from(text) });
  return [
    member(
      'report.html',
      renderPage(report, observations, included, { tool: tool(), system, rescue: rescue as RescueMember | null }),
    ),
    member('report.json', renderJson(report, tool())),
    member('report.txt', renderText(report, { tool: tool(), verbose: true, color: false })),
  ];
}
