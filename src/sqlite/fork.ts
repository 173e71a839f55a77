import type { OpenLedger } from './files.ts';
import type { Frames } from './frames.ts';
import { type BtreePage, parsePage } from './page.ts';
import { type OpenWal, openPages, type Pages, pagesOver, readWhole } from './pages.ts';
import { parseRecordHeader, valueAt } from './record.ts';
import { readSchema } from './schema.ts';
import { areOfOneHome, seamOf } from './seam.ts';
import { cellsOf, findLeaf, isTreeWhole } from './tree.ts';

/** Tables whose rows have an id of their own, which never changes, in their first column. */
const tables = ['sessions', 'events'];

/** Rows that are compared at most. */
const rowLimit = 500_000;

/**
 * Whether the WAL goes on from another ledger than the main file, or from another state of it: SQLite would put its pages
 * in the place of the main file's without a word. Null where nothing could be compared.
 *
 * A row keeps its id for as long as it lives. SQLite gives the rowid of a deleted row to the next one, but in a later
 * commit: so a row that still is in the main file, and has another id right after the first commit that replaces its page,
 * was never there in the history that the WAL tells, unless its id is damaged. A main file whose page is that of a frame is a checkpoint of it.
 */
export function isForeign({ main, wal }: OpenLedger, hurry: () => boolean): boolean | null {
  if (!wal || wal.frames.visible === 0) return null;
  const alone = openPages(main, null);
  if (!alone) return null;
  const versions = versionsOf(wal.frames);
  const firstPages = versions.get(1) ?? [];
  if (isOlder(alone, wal, firstPages)) return true;
  const isOwn = areOfOneHome(alone, wal);
  const seam = isOwn === false ? null : seamOf(main, alone, wal, firstPages);
  // A WAL of this home beside a main file that is older holds rows that are the home's own, and that are nowhere else.
  if (isOwn === false || seam === 'ahead' || (isOwn === null && seam === 'behind')) return true;
  const roots = rootsOf(alone);
  const [own, after, frame] = [alone.buffer(), alone.buffer(), alone.buffer()];
  const firsts = [...versions].map(([page, frames]) => ({ page, frames, first: frames[0] ?? 0 }));
  firsts.sort((a, b) => a.first - b.first);
  let [commit, compared, goneRows] = [-1, 0, 0];
  let now: State | null = null;
  const latest = new Map<number, number>();
  for (const { page, frames, first } of firsts) {
    if (hurry() || compared > rowLimit) break;
    const leaf = page <= alone.mainPages ? leafOf(alone, page, own) : null;
    const table = leaf && tableOf(alone, roots, page, leaf, after);
    if (!leaf || !table || frames.some((of) => readFrame(wal, of, frame).equals(own))) continue;
    if (first > commit || !now) {
      commit = advance(wal.frames, latest, commit, first);
      now = stateAt(alone, main, wal, latest, wal.frames.commitOf(commit), roots);
    }
    // Where page 1 of that commit is no database's, it is damaged, and tells nothing.
    const root = now?.roots.get(table);
    // No program drops the tables of sessions and events; their rows of the schema may be in a damaged page.
    if (now && root === undefined && now.hasWholeSchema()) return true;
    if (!now || root === undefined) continue;
    for (const [rowid, id] of idsOf(leaf, alone)) {
      const found = findLeaf(now.pages, root, rowid, after);
      const is = found ? idAt(found.page, rowid, alone) : null;
      if (is === null && table === 'sessions') goneRows += 1;
      if (is === null) continue;
      compared += 1;
      if (is !== id && !isDamagedId(id, is) && wasThere({ main, wal }, commit, table, rowid, id)) return true;
    }
  }
  // One session is deleted in a commit of its own; that all are gone at once is no history of Coven.
  return compared > 0 || goneRows === 1 ? false : null;
}

/** The frames of each page that SQLite takes, in their order. */
function versionsOf(frames: Frames): ReadonlyMap<number, number[]> {
  const versions = new Map<number, number[]>();
  for (let frame = 0; frame < frames.visible; frame += 1) {
    const of = versions.get(frames.pageOf(frame));
    if (of) of.push(frame);
    else versions.set(frames.pageOf(frame), [frame]);
  }
  return versions;
}

/**
 * Whether the main file was changed later than any page 1 in the WAL: its change counter never goes back. SQLite writes it
 * twice, at 24 and at 92; where the two differ, a byte of it is damaged, and it tells nothing.
 */
function isOlder(alone: Pages, wal: OpenWal, firsts: readonly number[]): boolean {
  const page = alone.buffer();
  const counter = (bytes: Buffer | null): number => bytes?.readUInt32BE(24) ?? 0;
  const first = alone.read(1, page);
  const was = counter(first);
  if (first?.readUInt32BE(92) !== was) return false;
  return firsts.length > 0 && firsts.every((frame) => counter(readFrame(wal, frame, page)) < was);
}

const rootsOf = (pages: Pages): ReadonlyMap<string, number> =>
  new Map(
    readSchema(pages)
      .trees.filter(({ name, type, isTable }) => isTable && type === 'table' && tables.includes(name))
      .map(({ name, root }) => [name, root]),
  );

/** Takes the frames of all commits up to the one that `frame` is in; the frame that ends it. */
function advance(frames: Frames, latest: Map<number, number>, from: number, frame: number): number {
  for (let next = from + 1; next < frames.visible; next += 1) {
    latest.set(frames.pageOf(next), next);
    if (next >= frame && frames.commitOf(next) > 0) return next;
  }
  return frames.visible - 1;
}

interface State {
  readonly pages: Pages;
  readonly roots: ReadonlyMap<string, number>;
  /** Read once for each state, and only where a table is missed. */
  readonly hasWholeSchema: () => boolean;
}

/** The ledger after a commit. Its roots are those of the main file where no page of the schema is in the WAL. */
function stateAt(
  alone: Pages,
  main: OpenLedger['main'],
  wal: OpenWal,
  latest: ReadonlyMap<number, number>,
  count: number,
  roots: ReadonlyMap<string, number>,
): State | null {
  const pages = pagesOver(main, wal, latest, count);
  if (!pages) return null;
  const isSame = pages.header.schemaCookie === alone.header.schemaCookie;
  let isWhole: boolean | null = null;
  const hasWholeSchema = (): boolean => {
    isWhole ??= isTreeWhole(pages, 1);
    return isWhole;
  };
  return { pages, roots: isSame ? roots : rootsOf(pages), hasWholeSchema };
}

function leafOf(pages: Pages, number: number, into: Buffer): BtreePage | null {
  const bytes = pages.read(number, into);
  const page = bytes && parsePage(bytes, number, pages.header.usableSize);
  return page && typeof page !== 'string' && page.isTable && page.isLeaf ? page : null;
}

/** The table that a leaf belongs to, where it is one whose ids are compared. */
function tableOf(
  pages: Pages,
  roots: ReadonlyMap<string, number>,
  number: number,
  leaf: BtreePage,
  into: Buffer,
): string | null {
  const [first] = cellsOf(leaf);
  if (!first) return null;
  for (const [table, root] of roots) if (findLeaf(pages, root, first.rowid, into)?.number === number) return table;
  return null;
}

/** Ids of rows whose rowid is between those of its neighbours, as it is unless it is damaged. */
function* idsOf(leaf: BtreePage, pages: Pages): Generator<readonly [rowid: number, id: string]> {
  const cells = [...cellsOf(leaf)];
  for (const [at, cell] of cells.entries()) {
    if ((cells[at - 1]?.rowid ?? Number.NEGATIVE_INFINITY) >= cell.rowid) continue;
    if ((cells[at + 1]?.rowid ?? Number.POSITIVE_INFINITY) <= cell.rowid) continue;
    const local = leaf.bytes.subarray(cell.payloadStart, cell.payloadStart + cell.local);
    const header = parseRecordHeader(local);
    const id = header && valueAt(local, header, 0, pages.header.encoding);
    if (typeof id === 'string') yield [cell.rowid, id];
  }
}

function idAt(leaf: BtreePage, rowid: number, pages: Pages): string | null {
  for (const [found, id] of idsOf(leaf, pages)) if (found === rowid) return id;
  return null;
}

/** What ids of Coven are made of. */
const idText = /^[\w.:-]{1,200}$/;

/** Whether one of two ids is the other with damaged bytes: ids that were given at random agree in few bytes. */
function isDamagedId(one: string, other: string): boolean {
  if (!idText.test(one) || !idText.test(other)) return true;
  // The length of a value is a byte of its own: a damaged one cuts the id, or adds to it what comes next.
  const shorter = Math.min(one.length, other.length);
  if (one.length !== other.length && shorter >= 8 && one.slice(0, shorter) === other.slice(0, shorter)) return true;
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  const differing = a.reduce((count, byte, at) => count + Number(byte !== b[at]), 0);
  return a.length === b.length && differing <= a.length / 4;
}

/** Whether the row was there with its id up to the commit that ends with frame `commit`. */
function wasThere(
  { main, wal }: { readonly main: OpenLedger['main']; readonly wal: OpenWal },
  commit: number,
  table: string,
  rowid: number,
  id: string,
): boolean {
  let before = commit;
  while (before > 0 && wal.frames.commitOf(before - 1) === 0) before -= 1;
  const pages = openPages(main, wal, { before });
  const root = pages && rootsOf(pages).get(table);
  if (!pages || typeof root !== 'number') return false;
  const found = findLeaf(pages, root, rowid, pages.buffer());
  return found !== null && idAt(found.page, rowid, pages) === id;
}

const readFrame = ({ fd, frames }: OpenWal, frame: number, into: Buffer): Buffer =>
  readWhole(fd, into, frames.offsetOf(frame)) ?? into.fill(0);
