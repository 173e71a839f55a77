import type { Cell } from '../sqlite/page.ts';
import type { ChainReader, Payload } from './chain.ts';
import type { Copies } from './copies.ts';
import { isLasting, type Table } from './model.ts';
import type { RecordView } from './record-view.ts';
import { areDocuments, hasValuesOf } from './shape.ts';
import { isSlightlyDifferent } from './slightly-different.ts';

/** How the overflow pages of a row can be read. */
export interface Chains {
  readonly chains: ChainReader;
  /** Chains as the main file alone has them. */
  readonly alone: ChainReader;
  readonly copies: Copies | null;
}

/** The place among `chainsOf` of the chain that makes a row of a cell, or -1; the record is then read from it. */
export function chainOf(
  { chains, alone, copies }: Chains,
  record: RecordView,
  bytes: Buffer,
  cell: Cell,
  table: Table,
  isHeld: boolean,
): number {
  const payload = chains.payload(bytes, cell);
  const isRow = holds(record, payload, table, isHeld);
  if (isRow && !(copies && isLasting(table) && copies.cover(chains.pages))) return 0;
  if (!isRow && holds(record, alone.payload(bytes, cell), table, isHeld)) return 1;
  const copy = copies && isLasting(table) ? copies.chains.payload(bytes, cell) : null;
  const isBetter = copy && copies?.cover(copies.chains.pages) && (!payload || !isRow || areNearlySame(copy, payload));
  if (isBetter && holds(record, copy, table, isHeld)) return 2;
  return holds(record, payload, table, isHeld) ? 0 : -1;
}

/** Whether a payload that was put together is a row; the record is then read from it. */
function holds(record: RecordView, payload: Payload | null, table: Table, isHeld: boolean): boolean {
  if (!payload || !record.parse(payload.bytes, payload.start, payload.start + payload.length)) return false;
  return !isHeld || (hasValuesOf(table, record) && areDocuments(table, record));
}

const areNearlySame = (one: Payload, other: Payload): boolean => isSlightlyDifferent(bytesOf(one), bytesOf(other));

const bytesOf = ({ bytes, start, length }: Payload): Buffer => bytes.subarray(start, start + length);
