import type { Check } from '../model/check.ts';
import { harmless, harmlessJson } from '../model/harmless.ts';
import { say } from '../model/say.ts';
import { type CheckReport, isHomeAbsent, type Report, type ReportedFinding } from '../run/report.ts';
import { remediation } from './remediation.ts';
import { nextSteps } from './steps.ts';

interface Tool {
  readonly name: string;
  readonly version: string;
}

/**
 * The report as one JSON document, a superset of what Coven's own `doctor --json` prints; its schema is published as
 * `report.schema.json`. Paths are role tokens.
 */
export function renderJson(report: Report, tool: Tool): string {
  const { nextSteps, ...head } = withoutChecks(report, tool);
  const document = { ...head, checks: report.checks.map((one) => checkDocument(one, report.checks)), nextSteps };
  return `${harmlessJson(JSON.stringify(document, null, 2))}\n`;
}

/** The document without its checks. */
export function withoutChecks(report: Report, tool: Tool) {
  const blocking = report.summary.fail > 0;
  return {
    schemaVersion: 1,
    // Coven has no `unknown`. A check that could not be determined is not ok, but does not block either.
    ok: !blocking && report.complete,
    blocking,
    store: '<coven-home>',
    project: null,
    tool,
    run: {
      id: report.runId,
      startedAt: report.startedAt,
      durationMs: report.durationMs,
      complete: report.complete,
      home: isHomeAbsent(report) ? 'absent' : 'present',
      ...(report.baseline && { baseline: report.baseline }),
    },
    summary: report.summary,
    exitCode: report.exitCode,
    ...(report.conclusion && { conclusion: harmless(report.conclusion) }),
    escalate: report.escalate,
    nextSteps: nextSteps(report),
  };
}

/** One check of the document; `others` are the checks of the same report, as far as they are known. */
export function checkDocument(
  { check, status, worst, findings, durationMs }: CheckReport,
  others: readonly CheckReport[] = [],
): object {
  return {
    id: check.id,
    status,
    ...say(check, worst),
    ...acceptance(worst),
    category: check.category,
    ...(check.module && { source: check.module }),
    durationMs,
    docsUrl: check.module
      ? 'src/plugins/README.md#write-checks-of-your-own'
      : `checks/README.md#${check.id.replace(':', '')}`,
    findings: findings.map((finding) => renderFinding(check, finding, others)),
  };
}

function renderFinding(check: Check, finding: ReportedFinding, others: readonly CheckReport[]): object {
  const { code, status, target, evidence, escalate, causedBy } = finding;
  return {
    code,
    status,
    ...say(check, finding),
    ...acceptance(finding),
    target,
    evidence,
    ...(escalate && { escalate }),
    ...remediation(check, finding, others),
    ...(causedBy && { causedBy }),
  };
}

function acceptance({ suppressed, known, expired }: ReportedFinding): object {
  return { ...(suppressed && { suppressed }), ...(known && { known }), ...(expired && { expired }) };
}
