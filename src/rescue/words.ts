import Database from '../child/sqlite.ts';
import { cellAt, parsePage } from '../sqlite/page.ts';
import { childrenOf, depthLimit } from '../sqlite/tree.ts';
import type { ChainReader } from './chain.ts';
import type { Format } from './format.ts';
import type { Image } from './image.ts';
import { RecordView } from './record-view.ts';
import type { SchemaObject } from './schema.ts';
import { type SqlValue, valueAt } from './values.ts';

/** Rows that the words speak against; of more, it is the old full-text index that is damaged or late. */
const rowLimit = 20;
/** A page of another row's text has hundreds of words. */
const wordLimit = 10_000;
/** Places of words that are looked up: common ones are in every event. */
const placeLimit = 5_000_000;

/** What is left of the damaged ledger's full-text index. */
export interface Old {
  readonly path: string;
  readonly image: Image;
  readonly format: Format;
  readonly chains: ChainReader;
  readonly objects: readonly SchemaObject[];
}

interface Word {
  readonly term: string;
  readonly cnt: number;
}

/**
 * Rowids of events that have a word more often than the full-text index of the damaged ledger says, and lack one that it names for them: no
 * other index covers their text. An index that only lacks words is older than the events. Empty where that index cannot be read whole. `db` is the rescued ledger, with a full-text index of its own.
 */
export function strangeEvents(db: Database.Database, old: Old): readonly number[] {
  const before = new Database(old.path);
  try {
    // Only so may the tables of a full-text index be filled by hand, and rows be asked for while others are read.
    before.unsafeMode(true);
    db.unsafeMode(true);
    if (!copySearch(before, old)) return [];
    for (const one of [before, db]) {
      one.exec("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'events_fts', 'row')");
      one.exec("CREATE VIRTUAL TABLE temp.places USING fts5vocab('main', 'events_fts', 'instance')");
    }
    const strange = new Set<number>();
    let [words, visited] = [0, 0];
    const places = (one: Database.Database) =>
      one.prepare('SELECT doc, count(*) FROM temp.places WHERE term = ? GROUP BY doc').raw();
    const [now, was] = [places(db), places(before)];
    for (const term of surplus(db, before)) {
      words += 1;
      if (words > wordLimit) return [];
      const known = new Map(was.iterate(term) as IterableIterator<[number, number]>);
      for (const [doc, count] of now.iterate(term) as IterableIterator<[number, number]>) {
        visited += count;
        if ((known.get(doc) ?? 0) < count) strange.add(doc);
        if (strange.size > rowLimit || visited > placeLimit) return [];
      }
    }
    return confirmed(strange, db, before, was, now);
  } catch {
    // An index that SQLite cannot read has no vote.
    return [];
  } finally {
    db.unsafeMode(false);
    db.exec('DROP TABLE IF EXISTS temp.words; DROP TABLE IF EXISTS temp.places');
    before.close();
  }
}

/** Those of the rows for which the old index names a word that they lack; all, where there are too many words to tell. */
function confirmed(
  strange: ReadonlySet<number>,
  db: Database.Database,
  before: Database.Database,
  was: Database.Statement,
  now: Database.Statement,
): readonly number[] {
  const found = new Set<number>();
  let visited = 0;
  if (strange.size === 0) return [];
  for (const term of surplus(before, db)) {
    const known = new Map(now.iterate(term) as IterableIterator<[number, number]>);
    for (const [doc, count] of was.iterate(term) as IterableIterator<[number, number]>) {
      visited += count;
      if (strange.has(doc) && (known.get(doc) ?? 0) < count) found.add(doc);
    }
    if (found.size === strange.size) break;
    if (visited > placeLimit) return [...strange];
  }
  return [...found];
}

/** Words that occur more often in the one index than in the other, in the order of their bytes. */
function* surplus(db: Database.Database, before: Database.Database): Generator<string> {
  const select = 'SELECT term, cnt FROM temp.words';
  const [now, was] = [db, before].map((one) => one.prepare(select).iterate() as IterableIterator<Word>);
  if (!now || !was) return;
  try {
    let old = was.next();
    for (const { term, cnt } of now) {
      while (!old.done && Buffer.compare(Buffer.from(old.value.term), Buffer.from(term)) < 0) old = was.next();
      if (old.done || old.value.term !== term || old.value.cnt < cnt) yield term;
    }
  } finally {
    // A database that is still read from cannot be closed.
    now.return?.();
    was.return?.();
  }
}

/** Makes a full-text index of the blocks that the damaged ledger has; false where they cannot all be read. */
function copySearch(db: Database.Database, { image, format, chains, objects }: Old): boolean {
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.exec("CREATE VIRTUAL TABLE events_fts USING fts5(payload_json, content='events', content_rowid='rowid')");
  for (const part of ['data', 'idx', 'config']) {
    const name = `events_fts_${part}`;
    const root = objects.find((object) => object.type === 'table' && object.name === name)?.root ?? 0;
    const isTable = part === 'data';
    const columns = part === 'idx' ? 3 : 2;
    db.exec(`DELETE FROM ${name}`);
    const insert = db.prepare(`INSERT INTO ${name} VALUES (${Array.from({ length: columns }, () => '?').join(', ')})`);
    db.exec('BEGIN');
    const isWhole = everyRow(image, format, chains, root, isTable, (rowid, record) => {
      if (record.columns !== columns) return false;
      const values: SqlValue[] = Array.from({ length: columns }, (_, at) => valueAt(record, at));
      if (isTable) values[0] = rowid;
      try {
        insert.run(...values);
        return true;
      } catch {
        return false;
      }
    });
    db.exec('COMMIT');
    if (!isWhole) return false;
  }
  return true;
}

/** Visits every row of a b-tree, in the order of its keys; false where a page of it or a row cannot be read. */
export function everyRow(
  image: Image,
  { pageSize, usableSize }: Format,
  chains: ChainReader,
  root: number,
  isTable: boolean,
  visit: (rowid: bigint, record: RecordView) => boolean,
): boolean {
  const into = Buffer.alloc(pageSize);
  const record = new RecordView();
  const visited = new Uint8Array(image.count + 1);
  const stack = [{ number: root, depth: 0 }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { number, depth } = next;
    if (number < 2 || number > image.count || visited[number] === 1 || depth > depthLimit) return false;
    visited[number] = 1;
    const bytes = image.read(number, into);
    const page = bytes && parsePage(bytes, number, usableSize);
    if (!page || typeof page === 'string' || page.isTable !== isTable) return false;
    if (!page.isLeaf)
      for (const child of childrenOf(page).toReversed()) stack.push({ number: child, depth: depth + 1 });
    if (!page.isLeaf && isTable) continue;
    for (let index = 0; index < page.cells; index += 1) {
      const cell = cellAt(page, index);
      const payload = typeof cell === 'string' ? null : chains.payload(page.bytes, cell);
      if (!payload || typeof cell === 'string') return false;
      if (!record.parse(payload.bytes, payload.start, payload.start + payload.length)) return false;
      if (record.total !== payload.length || !visit(BigInt(cell.rowid), record)) return false;
    }
  }
  return true;
}
