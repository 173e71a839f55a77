import { type Cell, localBytes } from '../sqlite/page.ts';
import type { Table } from './model.ts';
import type { RecordView } from './record-view.ts';
import { hasTypesOf } from './shape.ts';

/**
 * Cells of these tables between two offsets of a page, found by the headers of their records: each is preceded by the rowid and
 * the length of the payload, which must be that of the record. Each byte is looked at a bounded number of times.
 */
export function* cellsIn(
  bytes: Buffer,
  from: number,
  to: number,
  tables: readonly Table[],
  usableSize: number,
  record: RecordView,
): Generator<{ readonly table: Table; readonly cell: Cell }> {
  const fewest = Math.min(...tables.map((table) => table.fewest));
  // A serial type takes at most 3 bytes in a row of less than a megabyte, and most take one.
  const most = Math.max(...tables.map((table) => table.columns.length)) + 12;
  for (let at = from + 2; at < to; at += 1) {
    const size = bytes[at] as number;
    if (size <= fewest || size > most) continue;
    const first = bytes[at + 1] as number;
    // Each of these tables begins with a text.
    if (first < 13 || (first < 0x80 && first % 2 === 0)) continue;
    if (!record.parse(bytes, at, to)) continue;
    const { total } = record;
    const table = tables.find((one) => hasTypesOf(one, record));
    const cell = table && cellBefore(bytes, from, at, total, usableSize);
    if (!table || !cell || cell.end > to) continue;
    yield { table, cell };
    at = cell.end - 1;
  }
}

/** The cell whose record of `payload` bytes begins at `at`. */
function cellBefore(bytes: Buffer, from: number, at: number, payload: number, usableSize: number): Cell | null {
  const local = localBytes(payload, usableSize, true);
  for (let rowidBytes = 1; rowidBytes <= 8; rowidBytes += 1) {
    const rowidAt = at - rowidBytes;
    // The last byte of a variable-length integer is below 0x80, and every one before it is not.
    if (rowidAt <= from || (bytes[rowidAt] as number) >= 0x80 !== rowidBytes > 1) return null;
    const start = lengthBefore(bytes, from, rowidAt, payload);
    if (start === null) continue;
    let rowid = 0;
    for (let index = rowidAt; index < at; index += 1) rowid = rowid * 128 + ((bytes[index] as number) & 0x7f);
    const spills = local < payload;
    const end = at + local + (spills ? 4 : 0);
    if (end > usableSize) return null;
    const overflow = spills ? bytes.readUInt32BE(at + local) : 0;
    return { start, end, child: 0, rowid, payload, payloadStart: at, local, overflow };
  }
  return null;
}

/** Where the number `value` begins that ends before `end`; null where another one ends there. */
function lengthBefore(bytes: Buffer, from: number, end: number, value: number): number | null {
  let [left, at] = [value, end - 1];
  if (at < from || (bytes[at] as number) !== (left & 0x7f)) return null;
  left = Math.floor(left / 128);
  while (left > 0) {
    at -= 1;
    if (at < from || (bytes[at] as number) !== ((left & 0x7f) | 0x80)) return null;
    left = Math.floor(left / 128);
  }
  return at;
}
