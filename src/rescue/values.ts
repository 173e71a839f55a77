import type { Table } from './model.ts';
import { isBlob, isText, type RecordView } from './record-view.ts';

export type SqlValue = null | number | bigint | string | Buffer;

/** The values of a record, for columns that may be written; `names` are theirs. */
export function valuesOf(table: Table, record: RecordView, rowid: number): readonly SqlValue[] {
  const values: SqlValue[] = [];
  for (let at = 0; at < record.columns; at += 1) {
    const column = table.columns[at];
    if (!column || column.isComputed) continue;
    values.push(column.isRowid ? rowid : valueAt(record, at));
  }
  return values;
}

export function valueAt({ types, starts, bytes }: RecordView, column: number): SqlValue {
  const type = types[column] as number;
  const start = starts[column] as number;
  const end = starts[column + 1] as number;
  if (type === 0) return null;
  if (type === 7) return bytes.readDoubleBE(start);
  if (type === 8 || type === 9) return BigInt(type - 8);
  if (isText(type)) return bytes.toString('utf8', start, end);
  if (isBlob(type)) return Buffer.from(bytes.subarray(start, end));
  return type === 6 ? bytes.readBigInt64BE(start) : BigInt(bytes.readIntBE(start, end - start));
}
