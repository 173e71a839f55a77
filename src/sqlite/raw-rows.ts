import type { RawRows, RawRowsRequest, RawSession, ReplayEvent, SessionReplay } from './answers.ts';
import { withLedger } from './files.ts';
import { openPages, type Pages } from './pages.ts';
import { readPayload } from './payload.ts';
import { parseRecordHeader, type Value, valueAt } from './record.ts';
import { readSchema } from './schema.ts';
import { cellsOf, leavesOf } from './tree.ts';

/** Newest rowids first to go: a ledger with more sessions than this tells the last ones. */
const sessionLimit = 5000;
const marginEvents = 50;
const partBytes = 8 * 1024 ** 2;

const none = (code: string): RawRows => ({ sessions: [], replay: null, code });

/** Sessions and events that the pages of a ledger still hold; damaged pages are passed over. Opens nothing through SQLite. */
export function readRawRows({ rowsOf, session, fromSeq, limit }: RawRowsRequest, hurry: () => boolean): RawRows {
  try {
    const rows = withLedger(rowsOf, hurry, ({ main, wal }) => {
      const pages = openPages(main, wal);
      if (!pages) return none('no-database');
      const rootOf = (table: string): number | undefined =>
        readSchema(pages).trees.find(({ name, isTable }) => name === table && isTable)?.root;
      const [sessions, events] = [rootOf('sessions'), rootOf('events')];
      if (sessions === undefined && events === undefined) return none('no-table');
      return {
        sessions: sessions === undefined ? [] : readSessions(pages, sessions, hurry),
        replay:
          session === null || events === undefined ? null : replay(pages, events, { session, fromSeq, limit }, hurry),
        code: hurry() ? 'overran' : null,
      };
    });
    return rows ?? none('ENOENT');
  } catch (error) {
    return none(error instanceof Error && 'code' in error ? String(error.code) : 'EIO');
  }
}

/** Each row that can be read whole, in the order of its rowid as far as the pages are. */
function* rowsIn(pages: Pages, root: number, columns: number, hurry: () => boolean) {
  for (const page of leavesOf(pages, root, true)) {
    if (hurry()) return;
    for (const cell of cellsOf(page)) {
      const { bytes, complete } = readPayload(pages, page, cell);
      const header = complete ? parseRecordHeader(bytes) : null;
      if (!header || header.types.length < columns) continue;
      const values = Array.from({ length: columns }, (_, at) => valueAt(bytes, header, at, pages.header.encoding));
      if (!values.includes(undefined)) yield { rowid: cell.rowid, values: values as readonly Value[] };
    }
  }
}

const textOf = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

/** Source of the order of columns: the ledger of Coven 0.4.6, whose later columns were added at the end. */
function readSessions(pages: Pages, root: number, hurry: () => boolean): readonly RawSession[] {
  const found: RawSession[] = [];
  for (const { values } of rowsIn(pages, root, 9, hurry)) {
    const [id, projectRoot, harness, title, status, exitCode, , createdAt, updatedAt] = values;
    if (typeof id !== 'string' || id === '__cockpit__') continue;
    found.push({
      id: id.slice(0, 128),
      projectRoot: textOf(projectRoot),
      harness: textOf(harness).slice(0, 64),
      title: textOf(title).slice(0, 2000),
      status: textOf(status).slice(0, 40),
      exitCode: typeof exitCode === 'number' ? exitCode : null,
      createdAt: textOf(createdAt).slice(0, 40),
      updatedAt: textOf(updatedAt).slice(0, 40),
    });
    if (found.length > sessionLimit) found.shift();
  }
  return found.reverse();
}

function replay(
  pages: Pages,
  root: number,
  { session, fromSeq, limit }: { readonly session: string; readonly fromSeq: number; readonly limit: number },
  hurry: () => boolean,
): SessionReplay {
  const before: ReplayEvent[] = [];
  const events: ReplayEvent[] = [];
  const after: ReplayEvent[] = [];
  let [left, total] = [partBytes, 0];
  for (const { rowid, values } of rowsIn(pages, root, 5, hurry)) {
    const [, of, kind, payload, at] = values;
    if (of !== session) continue;
    total += 1;
    const event = {
      seq: rowid,
      kind: textOf(kind).slice(0, 64),
      at: textOf(at).slice(0, 40),
      payload: textOf(payload),
    };
    if (rowid < fromSeq) {
      before.push(event);
      if (before.length > marginEvents) before.shift();
    } else if (after.length === 0 && events.length < limit && left >= event.payload.length) {
      left -= event.payload.length;
      events.push(event);
    } else if (after.length < marginEvents) after.push(event);
  }
  return { before, events, after, total, code: hurry() ? 'overran' : null };
}
