import { closeSync, openSync } from 'node:fs';
import { readWhole } from '../sqlite/pages.ts';
import type { Index, Table } from './model.ts';
import { type CandidateRow, origins, type Scratch } from './scratch.ts';
import { writeWhole } from './tree-writer.ts';

type Taken = Pick<Scratch, 'addCandidate' | 'addVote'>;

/** An event of its tree, on which every index agrees. */
export interface Agreed {
  readonly rowid: number;
  readonly file: number;
  readonly at: number;
  readonly cell: number;
  readonly chain: number;
}

const tree = origins.indexOf('tree');
const unreached = origins.indexOf('unreached');

/** Rowids are summed up together, so many in a row, and those that lie this many slots apart. */
const slotRows = 64;
const slots = 65_536;
const chunkRecords = 8192;
/** Rowid, hash, and offset of the page: 8 bytes each; the cell, the number of the index, the file, the chain. */
const recordBytes = 32;

/**
 * Finds the events that need no weighing, without sorting them. For each index, what rows of the tree say of themselves is added
 * up, and what its entries say is taken away: where nothing is left, there is one row for each entry and one entry for each
 * row. Rows and entries lie in two files; only those of slots where something is left go on to the scratch database.
 */
export class Agreement implements Taken {
  private readonly table: Table;
  private readonly indexes: readonly Index[];
  /** Where their hashes lie among those of all indexes. */
  private readonly hashAt: readonly number[];
  private readonly scratch: Scratch;
  private readonly rows: Log;
  private readonly votes: Log;
  private readonly sums: Int32Array;
  private readonly isDisputed = new Uint8Array(slots);
  /** Where the rowids of the rows begin anew, with the first of them. */
  private readonly runs: { readonly from: number; readonly first: number }[] = [];
  private last = Number.POSITIVE_INFINITY;
  private readonly hashes: Buffer;

  constructor(table: Table, path: string, scratch: Scratch) {
    this.table = table;
    // Not every row has an entry of a partial one.
    this.indexes = table.indexes.filter(({ partial }) => !partial);
    this.hashAt = this.indexes.map((index) => 8 * table.indexes.indexOf(index));
    this.scratch = scratch;
    this.rows = new Log(`${path}-rows`, recordBytes + 8 * (table.indexes.length + 1));
    this.votes = new Log(`${path}-votes`, recordBytes);
    this.sums = new Int32Array(2 * slots * Math.max(1, this.indexes.length));
    this.hashes = Buffer.alloc(8 * (table.indexes.length + 1));
  }

  addCandidate = (...row: CandidateRow): void => {
    const [table, rowid, origin, rank, file, at, cell, chain, hashes] = row;
    const isOwn = table === this.table.id;
    if (!isOwn || origin !== tree || rowid < 0 || this.indexes.length === 0) {
      // A copy in an older frame may put the row of the tree right, and one that nothing leads to needs no vote.
      if (isOwn && (origin === unreached || rank < 0 || rowid < 0)) this.isDisputed[slotOf(rowid)] = 1;
      this.scratch.addCandidate(...row);
      return;
    }
    for (let one = 0; one < this.indexes.length; one += 1)
      this.add(one, rowid, hashes.readDoubleLE(this.hashAt[one] as number), 1);
    if (rowid <= this.last) this.runs.push({ from: this.rows.count, first: rowid });
    this.last = rowid;
    const start = this.rows.add(rowid, 0, at, cell, 0, file, chain);
    hashes.copy(this.rows.chunk, start + recordBytes);
  };

  addVote = (
    table: number,
    rowid: number,
    index: number,
    hash: number,
    live: number,
    file: number,
    at: number,
    cell: number,
  ): void => {
    const one = table === this.table.id ? this.indexes.findIndex(({ id }) => id === index) : -1;
    if (one < 0 || live === 0) {
      if (table === this.table.id && live === 0) this.isDisputed[slotOf(rowid)] = 1;
      this.scratch.addVote(table, rowid, index, hash, live, file, at, cell);
      return;
    }
    this.add(one, rowid, hash, -1);
    this.votes.add(rowid, hash, at, cell, one, file, 0);
  };

  private add(index: number, rowid: number, hash: number, sign: 1 | -1): void {
    const at = 2 * (index * slots + slotOf(rowid));
    let high = Math.imul((hash / 4_294_967_296) ^ Math.imul(rowid, 0x9e3779b1), 0x85ebca6b);
    let low = Math.imul(hash ^ (high >>> 15), 0xc2b2ae35) ^ Math.imul(rowid / 4_294_967_296, 0x27d4eb2f);
    high ^= Math.imul(low ^ (low >>> 13), 0x165667b1);
    low = Math.imul(low ^ (high >>> 16), 0x9e3779b1);
    this.sums[at] = (this.sums[at] as number) + sign * high;
    this.sums[at + 1] = (this.sums[at + 1] as number) + sign * low;
  }

  /** Hands on what is disputed; returns how many rows are not. */
  settle(): number {
    for (let at = 0; at < this.sums.length; at += 1) if (this.sums[at] !== 0) this.isDisputed[(at >> 1) % slots] = 1;
    let agreed = 0;
    const { id } = this.table;
    this.rows.each(0, this.rows.count, (bytes, start) => {
      const rowid = bytes.readDoubleLE(start);
      if (this.isDisputed[slotOf(rowid)] === 0) {
        agreed += 1;
        return;
      }
      const { file, at, cell, chain } = placeAt(bytes, start);
      bytes.copy(this.hashes, 0, start + recordBytes);
      this.scratch.addCandidate(id, rowid, tree, file, file, at, cell, chain, this.hashes);
    });
    this.votes.each(0, this.votes.count, (bytes, start) => {
      const rowid = bytes.readDoubleLE(start);
      if (this.isDisputed[slotOf(rowid)] === 0) return;
      const { file, at, cell } = placeAt(bytes, start);
      const index = this.indexes[bytes.readUInt16LE(start + 26)] as Index;
      this.scratch.addVote(id, rowid, index.id, bytes.readDoubleLE(start + 8), 1, file, at, cell);
    });
    return agreed;
  }

  /** Visits the rows that are not disputed, in the order of their rowids but for pages that lie in another. */
  each(visit: (row: Agreed) => void): void {
    const ends = new Map(this.runs.map(({ from }, at) => [from, this.runs[at + 1]?.from ?? this.rows.count]));
    for (const { from } of [...this.runs].sort((a, b) => a.first - b.first))
      this.rows.each(from, ends.get(from) ?? from, (bytes, start) => {
        const rowid = bytes.readDoubleLE(start);
        if (this.isDisputed[slotOf(rowid)] === 0) visit({ rowid, ...placeAt(bytes, start) });
      });
  }

  close(): void {
    this.rows.close();
    this.votes.close();
  }
}

/** The remainder of a negative number is one; such rowids are all disputed. */
const slotOf = (rowid: number): number => Math.abs(Math.floor(rowid / slotRows) % slots);

const placeAt = (bytes: Buffer, start: number): Omit<Agreed, 'rowid'> => ({
  at: bytes.readDoubleLE(start + 16),
  cell: bytes.readUInt16LE(start + 24),
  file: bytes[start + 28] as number,
  chain: bytes[start + 29] as number,
});

/** Records of one length, in a file. */
class Log {
  count = 0;
  readonly chunk: Buffer;
  private readonly fd: number;
  private readonly length: number;
  private held = 0;

  constructor(path: string, length: number) {
    this.fd = openSync(path, 'wx+', 0o600);
    this.length = length;
    this.chunk = Buffer.alloc(length * chunkRecords);
  }

  /** Appends a record; returns where it is in the chunk, until the next one. */
  add(rowid: number, hash: number, at: number, cell: number, index: number, file: number, chain: number): number {
    if (this.held === chunkRecords) this.flush();
    const { chunk } = this;
    const start = this.held * this.length;
    chunk.writeDoubleLE(rowid, start);
    chunk.writeDoubleLE(hash, start + 8);
    chunk.writeDoubleLE(at, start + 16);
    chunk.writeUInt16LE(cell, start + 24);
    chunk.writeUInt16LE(index, start + 26);
    chunk[start + 28] = file;
    chunk[start + 29] = chain;
    this.held += 1;
    this.count += 1;
    return start;
  }

  each(from: number, to: number, visit: (bytes: Buffer, start: number) => void): void {
    this.flush();
    const bytes = Buffer.alloc(this.length * Math.max(1, Math.min(chunkRecords, to - from)));
    for (let first = from; first < to; first += chunkRecords) {
      const count = Math.min(chunkRecords, to - first);
      const wanted = bytes.subarray(0, count * this.length);
      if (!readWhole(this.fd, wanted, first * this.length)) throw new Error('a file of the scratch folder is damaged');
      for (let one = 0; one < count; one += 1) visit(bytes, one * this.length);
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  private flush(): void {
    const first = this.count - this.held;
    writeWhole(this.fd, this.chunk.subarray(0, this.held * this.length), first * this.length);
    this.held = 0;
  }
}
