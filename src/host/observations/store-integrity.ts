import * as v from 'valibot';
import { CannotSee } from '../host.ts';
import type { Look } from '../look.ts';
import { flag, identifier, list, maybe, message, number, oneOf, type ValueOf } from '../shape.ts';
import { readStore } from '../store.ts';

const reading = () =>
  v.object({
    table: identifier,
    rowsRead: number,
    /** Largest rowid, as the measure of how far the reading got; null where it could not be told. */
    rowsAbout: maybe(number),
    complete: flag,
    problem: maybe(message),
  });
export type TableReading = ValueOf<typeof reading>;

export const schema = () =>
  v.object({
    outcome: oneOf(['read', 'not-opened']),
    depth: oneOf(['bounded', 'whole']),
    complete: flag,
    tables: list(reading()),
    /** Lines of SQLite's own integrity check, bounded. */
    problems: list(message),
    /** Lines of that check about indexes that do not agree with their tables. */
    indexProblems: list(message),
    /** Rows of `events` and of its full-text index; null where there is none, or pages were not checked whole. */
    search: maybe(
      v.object({
        rows: number,
        indexed: number,
        damaged: flag,
        /**
         * Whether the words of every event are those of the index: where not, the index is damaged, or the text of the
         * events. Null where they were not compared.
         */
        agrees: maybe(flag),
        /** Events whose words differ; null where they were not counted. */
        differing: maybe(number),
      }),
    ),
  });
export type StoreIntegrity = ValueOf<typeof schema>;

export async function take(look: Look): Promise<StoreIntegrity> {
  const { open, integrity } = await look.once(readStore);
  if (integrity) return integrity;
  if (open.outcome === 'opened') throw new CannotSee('overran', 'the time allowed ended before the tables were read');
  const depth = look.deep ? 'whole' : 'bounded';
  return { outcome: 'not-opened', depth, complete: false, tables: [], problems: [], indexProblems: [], search: null };
}
