import * as v from 'valibot';
import { CannotSee } from '../host.ts';
import type { Look } from '../look.ts';
import { flag, id, identifier, list, maybe, number, oneOf, text, time, type ValueOf } from '../shape.ts';
import { readStore } from '../store.ts';

/** A row that is known again by its id. */
const sampled = () =>
  v.object({
    rowid: number,
    id,
    /** When it was made, as the ledger says. */
    at: time,
  });
export type SampledRow = ValueOf<typeof sampled>;

/** How many rows a table of the ledger has, and between which rowids; null where it has no rows or no rowids. */
const table = () =>
  v.object({
    table: identifier,
    rows: number,
    firstRowid: maybe(number),
    lastRowid: maybe(number),
    /** Of sessions and events, by rowid: the first, the last ones, and fewer the longer ago. */
    sample: list(sampled()),
  });
export type TableRows = ValueOf<typeof table>;

/** What is compared over an upgrade. Counting reads every table, so it is asked for by itself. */
export const schema = () =>
  v.object({
    outcome: oneOf(['read', 'not-opened', 'failed']),
    code: maybe(text),
    tables: list(table()),
    /** False where the ledger has more tables than are counted. */
    complete: flag,
    /** The sessions that changed last, newest first. */
    changed: list(v.object({ id, status: text, updatedAt: time })),
    /** These are all sessions that there are. */
    changedComplete: flag,
  });
export type StoreRows = ValueOf<typeof schema>;

/** The rows of every table, counted when all else of the ledger was read and no second look at its sessions is under way. */
export async function take(look: Look): Promise<StoreRows> {
  await look.observe('store.sessions');
  const { open, count } = await look.once(readStore);
  if (open.outcome !== 'opened')
    return { outcome: 'not-opened', code: null, tables: [], complete: false, changed: [], changedComplete: false };
  const rows = await count();
  if (!rows) throw new CannotSee('overran', 'the time allowed ended before the rows were counted');
  return rows;
}
