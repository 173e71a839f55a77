import { closeSync, openSync } from 'node:fs';
import Database from '../child/sqlite.ts';
import type { Agreement } from './agreement.ts';
import type { ChainReader } from './chain.ts';
import type { Table } from './model.ts';
import { areDocuments } from './page-scan.ts';
import { RowReader } from './rows.ts';
import { origins } from './scratch.ts';
import { TreeWriter, writeWhole } from './tree-writer.ts';
import { quote, type Writing } from './write.ts';

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
 * Fills the indexes that SQLite made with the table. Rows of one key are none of a sound ledger: of those, the first stays. Returns the rowids of
 * the others.
 */
export function indexAgreed(db: Database.Database, { name }: Pick<Table, 'name'>): readonly number[] {
  const reindex = db.prepare(`REINDEX ${quote(name)}`);
  try {
    reindex.run();
    return [];
  } catch {
    const gone: number[] = [];
    const lists = db.prepare("SELECT name FROM pragma_index_list(?) WHERE origin <> 'c'").pluck().all(name) as string[];
    for (const index of lists) {
      const names = db.prepare('SELECT name FROM pragma_index_info(?)').pluck().all(index) as string[];
      const columns = names.map(quote).join(', ');
      const repeated = db.prepare(
        `DELETE FROM ${quote(name)} NOT INDEXED WHERE rowid NOT IN (SELECT min(rowid) FROM ${quote(name)} NOT INDEXED GROUP BY ${columns}) RETURNING rowid`,
      );
      gone.push(...(repeated.pluck().all() as number[]));
    }
    reindex.run();
    return gone;
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
