import type { Location, Log, ReportingDescriptor, Result, Run } from 'sarif';
import { names } from '../coven/layout.ts';
import type { Check } from '../model/check.ts';
import { harmless, harmlessJson } from '../model/harmless.ts';
import { say } from '../model/say.ts';
import { fingerprint, type Judged } from '../run/accepted.ts';
import type { Report } from '../run/report.ts';
import type { RenderOptions } from './render-options.ts';

/** The base of a home's files. Its path is not in the document. */
const homeBase = 'COVEN_HOME';

/**
 * SARIF 2.1.0: a rule is a check, a result is a finding of warn or fail. A check that could not be determined is a tool
 * notification of level error, and the execution is then not successful. A skipped check is a notification of level note.
 */
export function renderSarif(report: Report, { tool }: RenderOptions): string {
  const { checks, startedAt, durationMs } = report;
  const findings = checks.flatMap(({ check, findings }) => findings.map((finding) => ({ check, finding })));
  const results = findings.filter(({ finding: { status } }) => status === 'fail' || status === 'warn');
  const notices = findings.filter(({ finding: { status } }) => status === 'unknown' || status === 'skipped');
  const run: Run = {
    tool: { driver: { name: tool.name, semanticVersion: tool.version, rules: checks.map(({ check }) => rule(check)) } },
    automationDetails: { id: 'coven-doctor/', guid: report.runId },
    ...(report.baseline && { baselineGuid: report.baseline }),
    originalUriBaseIds: { [homeBase]: { description: { text: 'The Coven home that was looked at.' } } },
    invocations: [
      {
        executionSuccessful: report.complete,
        exitCode: report.exitCode,
        startTimeUtc: startedAt,
        endTimeUtc: new Date(Date.parse(startedAt) + durationMs).toISOString(),
        toolExecutionNotifications: notices.map(({ check, finding }) => ({
          level: finding.status === 'unknown' ? 'error' : 'note',
          descriptor: { id: harmless(finding.code) },
          associatedRule: { id: check.id },
          message: { text: messageText(say(check, finding).message) },
        })),
      },
    ],
    results: results.map(({ check, finding }) => ({
      ruleId: check.id,
      ruleIndex: checks.findIndex((one) => one.check === check),
      ...result(check, finding),
      ...(report.baseline && { baselineState: finding.known ? 'unchanged' : 'new' }),
    })),
    columnKind: 'utf16CodeUnits',
  };
  const log: Log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] };
  return `${harmlessJson(JSON.stringify(log, null, 2))}\n`;
}

function rule(check: Check): ReportingDescriptor {
  const { id, category } = check;
  const [title, explain] = [harmless(check.title), harmless(check.explain)];
  return {
    id,
    shortDescription: { text: harmless(title) },
    fullDescription: { text: harmless(explain || title) },
    help: { text: `${harmless(explain || title)} \`coven-doctor explain ${id}\` shows what it is decided from.` },
    properties: { tags: [category], ...(check.module && { source: harmless(check.module) }) },
  };
}

function result(check: Check, finding: Judged): Result {
  const { message, hint } = say(check, finding);
  const { suppressed, code, target, status } = finding;
  return {
    level: status === 'fail' ? 'error' : 'warning',
    message: { text: messageText(hint ? `${message}. Next: ${hint}` : message) },
    locations: [location(target)],
    partialFingerprints: { 'checkCodeTarget/v1': harmless(fingerprint(check.id, finding)) },
    ...(suppressed && {
      suppressions: [
        {
          kind: 'external',
          status: 'accepted',
          justification: harmless(suppressed.reason),
          properties: { expires: suppressed.expires },
        },
      ],
    }),
    properties: { code: harmless(code), ...(finding.expired && { expired: finding.expired }) },
  };
}

/**
 * Escapes `{0}`, which is an argument in a message, and `[text](target)`, which is a link. Source: SARIF 2.1.0, 3.11.5 and 3.11.6,
 * where a backslash keeps a bracket from ending a link, and is shown where there is none.
 */
function messageText(text: string): string {
  return text.replaceAll('](', '] (').replace(/[{}]/g, '$&$&');
}

function location(target: string): Location {
  const logicalLocations = [{ fullyQualifiedName: harmless(target), kind: 'resource' }];
  const path = pathInHome(target);
  if (path === undefined) return { logicalLocations };
  return { physicalLocation: { artifactLocation: { uri: path, uriBaseId: homeBase } }, logicalLocations };
}

/** A target as a relative URI; undefined if it is not in the home. */
function pathInHome(target: string): string | undefined {
  if (target === '<coven-home>') return './';
  if (target === '<daemon-socket>') return names.socket;
  const [role, ...parts] = target.split('/');
  if (role !== '<coven-home>' || parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  return parts.map((part) => encodeURIComponent(Buffer.from(part).toString())).join('/');
}
