import type { Check } from '../check.ts';
import type { Report, ReportedFinding } from '../report.ts';
import { harmlessJson } from './harmless.ts';
import { nextSteps } from './steps.ts';
import { say } from './words.ts';

/**
 * The report as one JSON document, a superset of what Coven's own `doctor --json` prints; its schema is published as
 * `report.schema.json`. Paths are role tokens.
 */
export function renderJson(report: Report, tool: { readonly name: string; readonly version: string }): string {
  const blocking = report.summary.fail > 0;
  const document = {
    schemaVersion: 1,
    // Unlike Coven, which knows no unknown: what could not be determined is not ok, and does not block either.
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
    },
    summary: report.summary,
    exitCode: report.exitCode,
    escalate: report.escalate,
    checks: report.checks.map(({ check, status, worst, findings, durationMs }) => ({
      id: check.id,
      status,
      ...say(check, worst),
      category: check.category,
      ...(check.stated && { source: check.stated.module }),
      durationMs,
      docsUrl: check.stated ? 'README.md#checks-of-your-own' : `README.md#${check.id.replace(':', '')}`,
      findings: findings.map((finding) => renderFinding(check, finding)),
    })),
    nextSteps: nextSteps(report),
  };
  return `${harmlessJson(JSON.stringify(document, null, 2))}\n`;
}

function renderFinding(check: Check, finding: ReportedFinding): object {
  const { code, status, target, evidence, escalate, causedBy } = finding;
  return {
    code,
    status,
    ...say(check, finding),
    target,
    evidence,
    ...(escalate && { escalate }),
    ...(causedBy && { causedBy }),
  };
}
