import { sessionStatuses } from '../coven/contract.ts';
import type { RescueTold } from '../model/rescue-told.ts';
import { isIdentifier } from '../redaction/templates/catalogue.ts';
import { knownParts } from '../redaction/templates/message.ts';
import { makePlaceholders } from '../redaction/templates/placeholders.ts';
import type { MergeReport, RescueReport } from '../rescue/report.ts';
import { shownTitle } from './title.ts';
import { type Plain, withoutSecrets } from './without-secrets.ts';

/**
 * A report as it is shown: titles are prompts, and stay without their secrets, by which their owner knows a session, as do ids that are
 * not Coven's own; names of tables and states that are not Coven's, and what SQLite says of them, are told by their shape, as everywhere else.
 */
export function shownReport(report: RescueReport, signal: AbortSignal): Promise<RescueReport> {
  const { of } = makePlaceholders();
  const name = (text: string): string => (isIdentifier(text) ? text : of(text));
  const said = (text: string): string => knownParts(text, { path: of, id: of, word: name, other: of });
  const status = (text: string): string => (sessionStatuses.includes(text) ? text : of(text));
  const { tables, sessions, missing, refused, checks, merge } = report;
  return withoutSecrets(signal, async (plain) => ({
    ...report,
    tables: tables.map((one) => ({ ...one, table: name(one.table) })),
    sessions: await Promise.all(
      sessions.map(async (one) => ({
        ...one,
        id: await plain(one.id),
        title: one.title && shownTitle(await plain(one.title)),
        status: one.status && status(one.status),
        missingTimes: one.missingTimes && (await both(one.missingTimes, plain)),
      })),
    ),
    missing: await Promise.all(
      missing.map(async (one) => ({
        ...one,
        table: name(one.table),
        id: one.id && (await plain(one.id)),
        session: one.session && (await plain(one.session)),
        time: one.time && (await plain(one.time)),
      })),
    ),
    ...(merge && { merge: await shownMerge(merge, plain, name) }),
    refused: refused.map((one) => ({ name: name(one.name), why: said(one.why) })),
    checks: { ...checks, integrity: checks.integrity.map(said), search: checks.search && said(checks.search) },
  }));
}

/** What is kept of rescues, by the same rules. */
export function shownKept<Kept extends RescueTold>(
  kept: readonly Kept[],
  signal: AbortSignal,
): Promise<readonly Kept[]> {
  const { of } = makePlaceholders();
  return withoutSecrets(signal, (plain) =>
    Promise.all(
      kept.map(async (one) => ({
        ...one,
        tables: one.tables.map((told) => ({
          ...told,
          table: isIdentifier(told.table) ? told.table : of(told.table),
        })),
        sessions: await Promise.all(
          one.sessions.map(async (session) => ({
            ...session,
            id: await plain(session.id),
            missingFrom: session.missingFrom && (await plain(session.missingFrom)),
            missingUntil: session.missingUntil && (await plain(session.missingUntil)),
          })),
        ),
      })),
    ),
  );
}

const both = async ([first, last]: readonly [string, string], plain: Plain): Promise<readonly [string, string]> => [
  await plain(first),
  await plain(last),
];

async function shownMerge(merge: MergeReport, plain: Plain, name: (text: string) => string): Promise<MergeReport> {
  const { taken, filled, leftOut, unknown, checks } = merge;
  const each = (ids: readonly string[]): Promise<readonly string[]> => Promise.all(ids.map(plain));
  return {
    ...merge,
    taken: await Promise.all(taken.map(async (one) => ({ ...one, session: await plain(one.session) }))),
    filled: filled.map((one) => ({ ...one, table: name(one.table) })),
    leftOut: { ...leftOut, ids: await each(leftOut.ids) },
    unknown: await each(unknown),
    checks: { ...checks, integrity: await each(checks.integrity) },
  };
}
