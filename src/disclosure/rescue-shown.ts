import { identifiers } from '../redaction/templates/catalogue.ts';
import { knownParts } from '../redaction/templates/message.ts';
import { makePlaceholders } from '../redaction/templates/placeholders.ts';
import type { RescueReport } from '../rescue/report.ts';
import { withoutSecrets } from './without-secrets.ts';

/**
 * A report as it is shown: titles are prompts and stay without their secrets, by which their owner knows a session; names of tables
 * that are not Coven's, and what SQLite says of them, are told by their shape, as everywhere else.
 */
export function shownReport(report: RescueReport, signal: AbortSignal): Promise<RescueReport> {
  const { of } = makePlaceholders();
  const name = (text: string): string => (identifiers.has(text) ? text : of(text));
  const said = (text: string): string => knownParts(text, { path: of, id: of, word: name, other: of });
  const { tables, sessions, missing, refused, checks } = report;
  return withoutSecrets(signal, async (plain) => ({
    ...report,
    tables: tables.map((one) => ({ ...one, table: name(one.table) })),
    sessions: await Promise.all(
      sessions.map(async (one) => ({ ...one, title: one.title && (await plain(one.title)) })),
    ),
    missing: missing.map((one) => ({ ...one, table: name(one.table) })),
    refused: refused.map((one) => ({ name: name(one.name), why: said(one.why) })),
    checks: { ...checks, integrity: checks.integrity.map(said), search: checks.search && said(checks.search) },
  }));
}
