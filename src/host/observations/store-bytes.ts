import * as v from 'valibot';
import { CannotSee } from '../host.ts';
import type { Look } from '../look.ts';
import { flag, identifier, list, maybe, number, oneOf, text, type ValueOf } from '../shape.ts';
import { readStore } from '../store.ts';

const wal = () =>
  v.object({
    /** `noise`: not one frame carries its checksum. `headless`: frames do, and the header does not. */
    state: oneOf(['sound', 'headless', 'noise']),
    /** Sound frames of the generation that counts. */
    frames: number,
    /** Every frame was read. */
    complete: flag,
    /** Commits that SQLite takes. */
    visibleCommits: number,
    /** Sound commits behind a damaged frame or header: SQLite does not see them, and the next opener destroys them. */
    hiddenCommits: number,
    /** The number of that frame, from 0. */
    firstDamaged: maybe(number),
    /** Commits at the end whose own frame is damaged. */
    tornCommits: number,
    /** It goes on from another ledger, or another state of this one; null where no row could be compared. */
    foreign: maybe(flag),
  });
export type WalBytes = ValueOf<typeof wal>;

const problem = () =>
  v.object({
    /** One of `schema`, `beyond-end`, `twice`, `unreadable`, `page`, `order`, `chain`, `record`, `freelist`, `unowned`. */
    kind: text,
    text,
    /** The table that it is about, or whose index it is about; null where it is about none, or several. */
    table: maybe(identifier),
    /** It concerns the full-text index alone, which can be built anew from the events. */
    search: flag,
  });
export type PageProblem = ValueOf<typeof problem>;

/** Rows whose every byte was found where it belongs. */
const readable = () =>
  v.object({
    table: identifier,
    rows: number,
    /** Rows that the table has, by its index or by the rows of its other pages; null where neither tells. */
    about: maybe(number),
  });
export type ReadableRows = ValueOf<typeof readable>;

const pages = () =>
  v.object({
    pageSize: number,
    /** Pages of the ledger with its WAL. */
    pages: number,
    pagesRead: number,
    /** Every pointer between interior pages and of the freelist was followed. */
    mapped: flag,
    /** Every page was read. */
    whole: flag,
    /** The first ones; `problemCount` counts all. */
    problems: list(problem()),
    problemCount: number,
    /** Sessions and events, where every page was read. */
    tables: list(readable()),
  });
export type PageBytes = ValueOf<typeof pages>;

/** What the bytes of the ledger's files say, read without SQLite, which passes over much of it without a word. */
export const schema = () =>
  v.object({
    outcome: oneOf(['read', 'not-read']),
    /** Why they were not read: an errno, `moving` where they changed meanwhile, `overran`, `no-database`, `not-asked`. */
    code: maybe(text),
    /** Null where there is no WAL, or an empty one. */
    wal: maybe(wal()),
    /** Frames of commits that shared memory knows, and that are gone from the WAL and in no main file yet. */
    lostFrames: number,
    /** The same of a WAL that is not there, where nothing tells whether it was ever this ledger's. */
    strayFrames: number,
    map: maybe(pages()),
  });
export type StoreBytes = ValueOf<typeof schema>;

export async function take(look: Look): Promise<StoreBytes> {
  const { open, bytes } = await look.once(readStore);
  if (bytes) return bytes;
  // Beside a live owner they are read once SQLite has the ledger open.
  if (open.outcome === 'opened') throw new CannotSee('overran', 'the time allowed ended before the pages were read');
  return { outcome: 'not-read', code: 'not-opened', wal: null, lostFrames: 0, strayFrames: 0, map: null };
}
