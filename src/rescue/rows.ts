import { type Cell, localBytes } from '../sqlite/page.ts';
import { readWhole } from '../sqlite/pages.ts';
import { varint, varintEnd } from '../sqlite/varint.ts';
import type { ChainReader, Payload } from './chain.ts';
import type { Index } from './model.ts';
import { RecordView } from './record-view.ts';
import type { Source } from './source.ts';
import { type SqlValue, valueAt } from './values.ts';

/** Where a cell lies: 0 for the main file and 1 for the WAL, its page's offset there, and its own in the page. */
export interface Place {
  readonly file: number;
  readonly at: number;
  readonly cell: number;
}

/** Reads cells again of which the place is known. */
export class RowReader {
  readonly record = new RecordView();
  private readonly source: Source;
  private readonly into: Buffer;
  /** The page that is in the buffer. */
  private readFile = -1;
  private readAt = -1;
  constructor(source: Source) {
    this.source = source;
    this.into = Buffer.alloc(source.format.pageSize);
  }

  /** Reads the record of a cell; `isTable` tells a table's leaf cell from an entry of an index. False where it is gone. */
  load({ file, at, cell }: Place, isTable: boolean, chains: ChainReader): Payload | null {
    const bytes = this.page(file, at);
    const parsed = bytes && cellFrom(bytes, cell, this.source.format.usableSize, isTable);
    const payload = parsed && chains.payload(bytes, parsed);
    if (!payload) return null;
    return this.record.parse(payload.bytes, payload.start, payload.start + payload.length) ? payload : null;
  }

  private page(file: number, at: number): Buffer | null {
    if (file === this.readFile && at === this.readAt) return this.into;
    const of = file === 0 ? this.source.main : this.source.wal;
    if (!of) return null;
    this.readFile = -1;
    const there = Math.min(this.into.length, of.size - at);
    if (there <= 0 || !readWhole(of.fd, this.into.subarray(0, there), at)) return null;
    this.into.fill(0, there);
    this.readFile = file;
    this.readAt = at;
    return this.into;
  }
}

/** A leaf cell by its offset. An interior cell of an index begins 4 bytes before, with a child. */
function cellFrom(bytes: Buffer, start: number, usableSize: number, isTable: boolean): Cell {
  let at = start;
  if (!isTable && bytes[0] === 2) at += 4;
  const payload = varint(bytes, at);
  at = varintEnd(bytes, at);
  const rowid = isTable ? varint(bytes, at) : 0;
  if (isTable) at = varintEnd(bytes, at);
  const local = localBytes(payload, usableSize, isTable);
  const overflow = local < payload && at + local + 4 <= bytes.length ? bytes.readUInt32BE(at + local) : 0;
  return { start, end: at + local, child: 0, rowid, payload, payloadStart: at, local, overflow };
}

/** What indexes say of a row that is not there: the values of their columns. */
export function namedValues(
  reader: RowReader,
  chains: ChainReader,
  entries: readonly { readonly index: Index; readonly place: Place }[],
): Readonly<Record<string, SqlValue>> {
  const values: Record<string, SqlValue> = {};
  for (const { index, place } of entries) {
    if (!reader.load(place, false, chains)) continue;
    for (const [at, column] of index.columns.entries())
      values[index.table.columns[column]?.name ?? ''] = valueAt(reader.record, at);
  }
  return values;
}
