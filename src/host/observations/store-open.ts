import * as v from 'valibot';
import type { Look } from '../look.ts';
import { by, flag, identifier, list, maybe, oneOf, text, type ValueOf } from '../shape.ts';
import { readStore } from '../store.ts';

export const schema = () =>
  v.object({
    outcome: oneOf([
      'opened',
      'missing',
      'empty',
      'not-a-file',
      'not-a-database',
      'malformed',
      'unreadable',
      'busy',
      'forbidden',
    ]),
    /**
     * How the ledger was read: in place beside its owner, through a private hard link, a clone or a copy; `pages`: a copy
     * of the pages of all tables but the events, where the whole is too large to be copied.
     */
    way: maybe(oneOf(['in-place', 'link', 'clone', 'copy', 'pages'])),
    /** SQLite's result code, or an errno. */
    code: maybe(text),
    journalMode: maybe(text),
    /** The version of the SQLite that opened it, which is also the one that would write to it. */
    sqlite: v.optional(text),
    tables: list(identifier),
    /** Columns of the core tables that are there. */
    columns: by(list(identifier), identifier),
    /** The WAL beside it is another ledger's, by the rows that it changes; null where that was not or could not be told. */
    walForeign: maybe(flag),
  });
export type StoreOpen = ValueOf<typeof schema>;
export type StoreOpenOutcome = StoreOpen['outcome'];

export const take = async (look: Look): Promise<StoreOpen> => (await look.once(readStore)).open;
