import { closeSync, openSync } from 'node:fs';
import Database from '../child/sqlite.ts';
import { quote } from '../sqlite/names.ts';
import type { Agreement } from './agreement.ts';
import type { ChainReader } from './chain.ts';
import type { Table } from './model.ts';
import { RowReader } from './rows.ts';
import { origins, type Scratch } from './scratch.ts';
import { areDocuments } from './shape.ts';
import { TreeWriter, writeWhole } from './tree-writer.ts';
import type { Writing } from './write.ts';

/** Offsets in the header of a database. Source: the SQLite file format, section 1.3. */
const pagesAt = 28;
const tree = origins.indexOf('tree');

/**
 * Writes the rows that nothing disputes straight into the table's b-tree, in a file of empty tables that no SQLite has open. Those that
 * lie in another order than that of their rowids become winners like others. Returns how many were written.
 */
export function writeAgreed(path: string, table: Table, agreement: Agreement, writing: Writing): number {
  const { source, scratch, chains, tell } = writing;
  const { root, pages, pageSize } = placeOf(path, table.name);
  const fd = openSync(path, 'r+');
  try {
    const writer = new TreeWriter(fd, pageSize, pages);
    const reader = new RowReader(source);
    const drop = scratch.db.prepare('INSERT INTO missing VALUES (?,?,?,?)');
    const later = scratch.db.prepare('INSERT INTO winner VALUES (?,?,?,?,?,?,?)');
    let written = 0;
    agreement.each((row) => {
      const { rowid, chain } = row;
      const payload = reader.load(row, true, chains[chain] as ChainReader);
      if (!payload) drop.run(table.id, rowid, 'uncertain', 'cannot be read again');
      else if (!areDocuments(table, reader.record))
        drop.run(table.id, rowid, 'uncertain', 'holds a text that is no JSON');
      else if (writer.add(rowid, payload.bytes, payload.start, payload.length)) written += 1;
      else later.run(table.id, rowid, row.file, row.at, row.cell, chain, tree);
      if ((written & 0xfff) === 0) tell(written);
    });
    const count = Buffer.alloc(4);
    count.writeUInt32BE(writer.end(root));
    writeWhole(fd, count, pagesAt);
    return written;
  } finally {
    closeSync(fd);
  }
}

/**
 * Fills the indexes that SQLite made with the table. Rows of one key are in no sound ledger: where there are, the table is empty again, and
 * all of its rows become winners, which SQLite takes or refuses one by one.
 */
export function indexAgreed(
  db: Database.Database,
  { id, name }: Pick<Table, 'id' | 'name'>,
  agreement: Pick<Agreement, 'each'>,
  scratch: Pick<Scratch, 'db'>,
): void {
  try {
    db.prepare(`REINDEX ${quote(name)}`).run();
  } catch {
    // Without a condition it asks no index, which would contradict it.
    db.exec(`DELETE FROM ${quote(name)}`);
    const later = scratch.db.prepare('INSERT INTO winner VALUES (?,?,?,?,?,?,?)');
    agreement.each((row) => void later.run(id, row.rowid, row.file, row.at, row.cell, row.chain, tree));
  }
}

/** The root of a table in a database of ours, and how many pages that has. */
function placeOf(path: string, table: string) {
  const db = new Database(path, { readonly: true });
  try {
    const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?").pluck();
    const [pages, pageSize] = ['page_count', 'page_size'].map((name) => db.pragma(name, { simple: true }) as number);
    return { root: root.get(table) as number, pages: pages as number, pageSize: pageSize as number };
  } finally {
    db.close();
  }
}
