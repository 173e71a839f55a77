import { type BtreePage, type Cell, cellAt, parsePage } from '../sqlite/page.ts';
import type { Image, Wal } from './image.ts';
import type { LeafRanges } from './leaf-ranges.ts';
import { type Index, isCore, type Model, type Table } from './model.ts';
import type { Reach } from './reach.ts';
import { hashColumns, integerAt, RecordView } from './record-view.ts';
import { type Chains, chainOf } from './row-chain.ts';
import { type Origin, origins, type Scratch } from './scratch.ts';
import { hasTypesOf, hasValuesOf, isEntryOf, isTellable } from './shape.ts';
import { cellsIn } from './slack.ts';
import type { Source } from './source.ts';

/** One version of a page. */
export interface Version {
  readonly bytes: Buffer;
  readonly number: number;
  readonly file: 0 | 1;
  readonly at: number;
  readonly rank: number;
  readonly place: 'current' | 'replaced' | 'damaged';
}

export interface Scan extends Chains {
  readonly source: Source;
  readonly wal: Wal | null;
  readonly model: Model;
  readonly image: Image;
  readonly reach: Reach;
  readonly scratch: Pick<Scratch, 'addCandidate' | 'addVote'>;
  readonly ranges: LeafRanges;
  readonly tell: (bytes: number) => void;
}

/** Of a schema that is lost, every index is; each entry would be taken down for all that have its shape. */
const blindLimit = 6;
const codes = new Map(origins.map((origin, code) => [origin, code]));
const originOf = (origin: Origin): number => codes.get(origin) as number;
const tree = originOf('tree');

/** Takes down the rows and the entries of indexes of one page after another. */
export class PageScan {
  damagedPages = 0;
  pages = 0;
  private readonly of: Scan;
  private readonly record = new RecordView();
  private readonly usableSize: number;
  private readonly distinct: readonly Table[];
  /** Indexes of which entries may lie in pages that no tree leads to. */
  private readonly blind: readonly Index[];
  private keyed = 0;
  private readonly hashes: readonly Buffer[];

  constructor(of: Scan) {
    this.of = of;
    this.usableSize = of.source.format.usableSize;
    // Sessions and events before tables that are rarely filled.
    this.distinct = of.model.tables
      .filter(({ isDistinct }) => isDistinct)
      .sort((a, b) => Number(isCore(b)) - Number(isCore(a)));
    const lost = of.reach.trees.flatMap((tree) => (tree.isIndex && !tree.isIntact ? [tree.of as Index] : []));
    const core = of.model.indexes.filter(({ table }) => isCore(table));
    this.blind = [...core, ...lost.filter(({ table }) => !isCore(table)).slice(0, blindLimit)];
    this.hashes = of.model.tables.map(({ indexes }) => Buffer.alloc(8 * (indexes.length + 1)));
  }

  page(version: Version): void {
    const { reach } = this.of;
    const { bytes, number, place } = version;
    this.pages += 1;
    const owner = reach.ownerOf(number);
    const isInterior = reach.isInterior(number);
    // A version that is newer than what the tree shows: what is missing there may be in it.
    if (place === 'damaged' && owner) owner.isIntact = false;
    const page = parsePage(bytes, number, this.usableSize);
    const isCurrent = place === 'current';
    const isAsOwned =
      owner !== null &&
      typeof page !== 'string' &&
      page.isTable === !(owner.isIndex || (owner.of as Table).withoutRowid) &&
      page.isLeaf !== isInterior;
    if (owner && isCurrent && !isAsOwned) {
      owner.isIntact = false;
      this.damagedPages += 1;
    }
    if (typeof page === 'string') {
      if (isInterior || (isCurrent && !owner && reach.isFree(number))) return;
      const table = owner && !owner.isIndex ? (owner.of as Table) : null;
      this.slack(version, 0, this.usableSize, table);
      return;
    }
    if (!page.isTable) {
      if (isAsOwned && isCurrent && owner?.isIndex) this.entries(version, page, owner.of as Index, owner);
      else if (isAsOwned && isCurrent && owner) this.keyedRows(version, page, owner.of as Table);
      else if (isCurrent && !isAsOwned && !reach.isFree(number)) this.entriesOfSomeIndex(version, page);
      return;
    }
    if (page.isLeaf) this.leaf(version, page, isAsOwned && owner ? (owner.of as Table) : null);
    // A root that had to be split still holds rows of when it was a leaf, behind its few cells.
    else if (owner && isInterior && isAsOwned) this.slack(version, page.pointers, this.usableSize, owner.of as Table);
    else if (owner && !isInterior) this.slack(version, 0, this.usableSize, owner.isIndex ? null : (owner.of as Table));
  }

  /** The rows of a leaf, then what lies between them. */
  private leaf(version: Version, page: BtreePage, owner: Table | null): void {
    const { place, number, bytes } = version;
    const isCurrent = place === 'current';
    const cells: Cell[] = [];
    for (let index = 0; index < page.cells; index += 1) {
      const cell = cellAt(page, index);
      if (typeof cell !== 'string') cells.push(cell);
    }
    const isFree = !owner && this.of.reach.isFree(number);
    const origin = this.origin(version, owner !== null, isFree);
    const table = owner ?? this.guess(bytes, cells, place);
    if (!table) return;
    const used: [number, number][] = [];
    /** Rows of the newest committed frame of a page that cannot be read, their overflow pages perhaps: they are there, and not deleted. */
    const unread: number[] = [];
    for (const cell of cells) {
      if (this.consider(version, table, cell, origin)) used.push([cell.start, cell.end]);
      else if (isCurrent && owner) {
        unread.push(cell.rowid);
        // Where not all of its rows make sense, others may be among them.
        for (const other of this.distinct)
          if (other !== table && this.consider(version, other, cell, originOf('unreached'))) {
            used.push([cell.start, cell.end]);
            break;
          }
      }
    }
    if (version.file === 1 && isCurrent && owner && cells.length === page.cells)
      this.of.ranges.add(owner.id, cells[0]?.rowid ?? 0, cells.at(-1)?.rowid ?? 0, unread);
    if (!table.isDistinct) return;
    used.sort((a, b) => a[0] - b[0]);
    let from = page.pointers;
    for (const [start, end] of used) {
      if (start - from > 20) this.slack(version, from, start, table);
      from = Math.max(from, end);
    }
    if (this.usableSize - from > 20) this.slack(version, from, this.usableSize, table);
  }

  private origin({ place }: Version, isOwned: boolean, isFree: boolean): number {
    if (place === 'damaged') return originOf('damaged-frame');
    if (place === 'replaced') return originOf('replaced');
    return originOf(isOwned ? 'tree' : isFree ? 'free' : 'unreached');
  }

  /** The table that a leaf which no tree leads to can only be of. */
  private guess(bytes: Buffer, cells: readonly Cell[], place: Version['place']): Table | null {
    // Some cells tell as much as all of them.
    const step = Math.max(1, Math.floor(cells.length / 4));
    const some = cells.filter((_, index) => index % step === 0);
    for (const table of this.distinct) if (some.some((cell) => this.fits(bytes, table, cell))) return table;
    if (place !== 'current' || cells.length === 0) return null;
    const possible = this.of.reach.trees.flatMap(({ of, isIndex, isIntact }) => {
      const table = of as Table;
      if (isIndex || isIntact || !isTellable(table)) return [];
      return cells.every((cell) => this.fits(bytes, table, cell)) ? [table] : [];
    });
    return possible.length === 1 ? (possible[0] ?? null) : null;
  }

  private fits(bytes: Buffer, table: Table, cell: Cell): boolean {
    const { record } = this;
    if (!record.parse(bytes, cell.payloadStart, cell.payloadStart + cell.local) || record.total !== cell.payload)
      return false;
    return hasTypesOf(table, record);
  }

  /** Looks for rows by the headers of their records. */
  private slack(version: Version, from: number, to: number, owner: Table | null): void {
    const tables = owner?.isDistinct ? [owner] : this.distinct;
    const origin = version.place === 'current' ? originOf('slack') : this.origin(version, false, false);
    for (const { table, cell } of cellsIn(version.bytes, from, to, tables, this.usableSize, this.record))
      this.consider(version, table, cell, origin);
  }

  /** Takes a cell down if it is a row of the table. */
  private consider(version: Version, table: Table, cell: Cell, origin: number): boolean {
    const { record } = this;
    const { bytes, file, at, rank } = version;
    if (!Number.isSafeInteger(cell.rowid)) return false;
    if (!record.parse(bytes, cell.payloadStart, cell.payloadStart + cell.local)) return false;
    if (record.total !== cell.payload) return false;
    const isHeld = origin !== tree || isCore(table);
    if (isHeld ? !hasTypesOf(table, record) : record.columns > table.columns.length) return false;
    let chain = 0;
    if (cell.overflow === 0) {
      if (isHeld && !hasValuesOf(table, record)) return false;
    } else {
      chain = chainOf(this.of, record, bytes, cell, table, isHeld);
      if (chain < 0) return false;
    }
    const hashes = this.hashes[table.id] as Buffer;
    let end = 0;
    for (const { columns } of table.indexes) end = hashes.writeDoubleLE(hashColumns(record, columns), end);
    hashes.writeDoubleLE(hashColumns(record, table.lasting), end);
    this.of.scratch.addCandidate(table.id, cell.rowid, origin, rank, file, at, cell.start, chain, hashes);
    return true;
  }

  private entries(version: Version, page: BtreePage, index: Index, owner: { isIntact: boolean }): void {
    for (let at = 0; at < page.cells; at += 1) {
      const cell = cellAt(page, at);
      if (typeof cell === 'string' || !this.entry(version, cell, index, 1)) owner.isIntact = false;
    }
  }

  /** An index page that no tree leads to votes for rows of every index that it can be of. */
  private entriesOfSomeIndex(version: Version, page: BtreePage): void {
    for (const index of this.blind)
      for (let at = 0; at < page.cells; at += 1) {
        const cell = cellAt(page, at);
        if (typeof cell !== 'string' && !this.entry(version, cell, index, 0) && at === 0) break;
      }
  }

  private entry({ bytes, file, at }: Version, cell: Cell, index: Index, live: number): boolean {
    const { record } = this;
    const payload = this.of.chains.payload(bytes, cell);
    if (!payload || !record.parse(payload.bytes, payload.start, payload.start + payload.length)) return false;
    if (record.total !== payload.length || !isEntryOf(index, record)) return false;
    const last = index.columns.length;
    const type = record.types[last] as number;
    const rowid = type >= 8 ? type - 8 : integerAt(payload.bytes, record.starts[last] as number, type);
    if (!Number.isSafeInteger(rowid)) return false;
    const hash = hashColumns(record, positions(last));
    this.of.scratch.addVote(index.table.id, rowid, index.id, hash, live, file, at, cell.start);
    return true;
  }

  /** Rows of a table that is kept by its key have no rowid: each is a row by itself. */
  private keyedRows({ file, at, rank, bytes }: Version, page: BtreePage, table: Table): void {
    for (let index = 0; index < page.cells; index += 1) {
      const cell = cellAt(page, index);
      if (typeof cell === 'string' || !this.of.chains.payload(bytes, cell)) continue;
      this.keyed += 1;
      const hashes = this.hashes[table.id] as Buffer;
      this.of.scratch.addCandidate(table.id, this.keyed, 0, rank, file, at, cell.start, 0, hashes);
    }
  }
}

const some = Array.from({ length: 64 }, (_, length) => Array.from({ length }, (_, at) => at));
const positions = (count: number): readonly number[] => some[count] ?? Array.from({ length: count }, (_, at) => at);
