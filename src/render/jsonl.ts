import { harmlessJson } from '../model/harmless.ts';
import type { CheckReport, Report } from '../run/report.ts';
import { checkDocument, withoutChecks } from './json.ts';
import type { RenderOptions } from './render-options.ts';

const line = (event: object): string => `${harmlessJson(JSON.stringify(event))}\n`;

/** The event for a finished check: its part of the JSON document. */
export const checkLine = (check: CheckReport): string => line({ event: 'check', ...checkDocument(check) });

/**
 * The last event: the JSON document without its checks, and which findings follow from another check's. An event cannot
 * say that about a check that ends later. A stream without this event was truncated.
 */
export function summaryLine(report: Report, { tool }: RenderOptions): string {
  const consequences = report.checks.flatMap(({ check, findings }) =>
    findings.flatMap(({ code, causedBy }) => (causedBy ? { check: check.id, code, causedBy } : [])),
  );
  return line({ event: 'summary', ...withoutChecks(report, tool), consequences });
}

/** All events at once, the checks in the report's order. */
export function renderJsonl(report: Report, options: RenderOptions): string {
  return report.checks.map(checkLine).join('') + summaryLine(report, options);
}
