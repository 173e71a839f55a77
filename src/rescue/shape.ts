import type { Index, Table } from './model.ts';
import { hasUtf8, isBlob, isText, type RecordView } from './record-view.ts';

const isInteger = (type: number): boolean => type <= 6 || type === 8 || type === 9;

/** Whether the types of a record's values are those that the table's columns can have. */
export function hasTypesOf(table: Table, { types, columns }: RecordView): boolean {
  if (columns > table.columns.length || columns < table.fewest) return false;
  for (let at = 0; at < columns; at += 1) {
    const type = types[at] as number;
    const column = table.columns[at] as Table['columns'][number];
    if (column.isRowid) {
      if (type !== 0) return false;
      continue;
    }
    if (type === 0) {
      if (column.notNull) return false;
      continue;
    }
    switch (column.affinity) {
      case 'text':
        if (!isText(type) && !isBlob(type)) return false;
        if (isBlob(type) && (column.isTime || column.isJson || column.notNull)) return false;
        break;
      case 'integer':
        // A text that is no number stays one in a column of integers, but Coven writes none.
        if (!isInteger(type)) return false;
        break;
      case 'real':
        if (!isInteger(type) && type !== 7) return false;
        break;
      default:
    }
  }
  return true;
}

/** Whether the values of a record that lies in its buffer whole are such as the table has: texts, times, documents. */
export function hasValuesOf(table: Table, record: RecordView): boolean {
  const { types, starts, columns, bytes } = record;
  for (let at = 0; at < columns; at += 1) {
    const column = table.columns[at] as Table['columns'][number];
    const start = starts[at] as number;
    const end = starts[at + 1] as number;
    if (types[at] === 0) continue;
    if (column.isTime && !isTime(bytes, start, end)) return false;
    if (column.isJson && !isClosed(bytes, start, end)) return false;
    if (column.notNull && column.name === 'id' && end === start) return false;
  }
  return hasUtf8(record);
}

const digit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
const template = '0000-00-00T00:00:00';

/** A time as RFC 3339 writes it, with or without a fraction. */
export function isTime(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < 20 || end - start > 40) return false;
  for (let at = 0; at < template.length; at += 1) {
    const byte = bytes[start + at];
    if (template[at] === '0' ? !digit(byte) : byte !== template.charCodeAt(at)) return false;
  }
  let at = start + template.length;
  if (bytes[at] === 0x2e) {
    at += 1;
    if (!digit(bytes[at])) return false;
    while (at < end && digit(bytes[at])) at += 1;
  }
  if (end - at === 1) return bytes[at] === 0x5a;
  return end - at === 6 && (bytes[at] === 0x2b || bytes[at] === 0x2d) && bytes[at + 3] === 0x3a;
}

const brackets: Readonly<Record<number, number>> = { 123: 0x7d, 91: 0x5d };

/** Whether a text begins and ends as an object or a list; other documents are let through. */
function isClosed(bytes: Buffer, start: number, end: number): boolean {
  const close = brackets[bytes[start] ?? 0];
  return close === undefined ? end > start && (bytes[start] ?? 0) > 0x1f : bytes[end - 1] === close;
}

/** Whether a record is an entry of the index: its columns, then the rowid. */
export function isEntryOf({ columns, table }: Index, record: RecordView): boolean {
  if (record.columns !== columns.length + 1 || !isInteger(record.types[columns.length] as number)) return false;
  if (record.types[columns.length] === 0) return false;
  for (let at = 0; at < columns.length; at += 1) {
    const column = table.columns[columns[at] as number] as Table['columns'][number];
    const type = record.types[at] as number;
    if (type === 0) {
      if (column.notNull) return false;
    } else if (column.affinity === 'text') {
      if (!isText(type)) return false;
      if (column.isTime && !isTime(record.bytes, record.starts[at] as number, record.starts[at + 1] as number))
        return false;
    } else if (column.affinity === 'integer' && !isInteger(type)) return false;
  }
  return true;
}

/** Whether the shape of rows says anything: tables of any values are told by their tree alone. */
export const isTellable = ({ columns, withoutRowid, isDistinct }: Table): boolean =>
  !withoutRowid &&
  !isDistinct &&
  columns.length > 1 &&
  columns.some(({ notNull, affinity }) => notNull && affinity === 'text');

/** Whether texts that are said to be documents are. */
export function areDocuments(table: Table, record: RecordView): boolean {
  for (let at = 0; at < record.columns; at += 1) {
    if (!table.columns[at]?.isJson || record.types[at] === 0) continue;
    try {
      JSON.parse(record.bytes.toString('utf8', record.starts[at] as number, record.starts[at + 1] as number));
    } catch {
      return false;
    }
  }
  return true;
}
