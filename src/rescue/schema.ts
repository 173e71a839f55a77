import { covenSchema } from '../coven/schema.ts';
import { parsePage } from '../sqlite/page.ts';
import { cellsOf, childrenOf, depthLimit } from '../sqlite/tree.ts';
import type { ChainReader } from './chain.ts';
import type { Image } from './image.ts';
import { isOneByteOff } from './one-byte.ts';
import { isText, RecordView } from './record-view.ts';

/** A row of `sqlite_schema`. */
export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  /** The root page; 0 of what has none, or where it is not covenSchema. */
  readonly root: number;
  /** Null for the indexes that SQLite makes by itself. */
  readonly sql: string | null;
}

export interface FoundSchema {
  readonly objects: readonly SchemaObject[];
  /** Every page of the schema could be read. */
  readonly complete: boolean;
}

/** Of more objects than this not all are rescued: Coven 0.4.6 has about 220. */
const objectLimit = 5000;
const types = ['table', 'index', 'view', 'trigger'];

/** Whether the record is a row of `sqlite_schema`: two words, a name, a page, a text or nothing. */
export const looksLikeSchema = (record: RecordView): boolean => {
  const { types: serial, columns, bytes, starts } = record;
  if (columns !== 5 || ![0, 1, 2].every((column) => isText(serial[column] as number))) return false;
  const root = serial[3] as number;
  const sql = serial[4] as number;
  if (!(root <= 4 || root === 8 || root === 9) || !(sql === 0 || isText(sql))) return false;
  return types.includes(bytes.toString('latin1', starts[0] as number, starts[1] as number));
};

/** Reads the rows of the schema by walking its tree leniently, and tells whether that was possible everywhere. */
export function walkSchema(image: Image, usableSize: number, pageSize: number, chains: ChainReader): FoundSchema {
  const found = new Map<string, SchemaObject>();
  const into = Buffer.alloc(pageSize);
  const visited = new Set<number>();
  const stack = [{ number: 1, depth: 0 }];
  let complete = true;
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { number, depth } = next;
    const bytes = visited.has(number) || depth > depthLimit ? null : image.read(number, into);
    visited.add(number);
    const page = bytes && parsePage(bytes, number, usableSize);
    if (!page || typeof page === 'string' || !page.isTable) {
      complete = false;
      continue;
    }
    if (page.isLeaf) complete = schemaRows(page.bytes, number, usableSize, chains, found) && complete;
    else for (const child of childrenOf(page).toReversed()) stack.push({ number: child, depth: depth + 1 });
  }
  return { objects: [...found.values()], complete: complete && found.size > 0 };
}

/** Adds the rows of a leaf; false where one of its cells is no row of a schema. */
export function schemaRows(
  bytes: Buffer,
  number: number,
  usableSize: number,
  chains: ChainReader,
  found: Map<string, SchemaObject>,
): boolean {
  const page = parsePage(bytes, number, usableSize);
  if (typeof page === 'string') return false;
  const record = new RecordView();
  let all = 0;
  for (const cell of cellsOf(page)) {
    const payload = chains.payload(bytes, cell);
    if (!payload || !record.parse(payload.bytes, payload.start, payload.start + payload.length)) continue;
    if (record.total !== payload.length || !looksLikeSchema(record) || found.size >= objectLimit) continue;
    const text = (column: number): string =>
      payload.bytes.toString('utf8', record.starts[column] as number, record.starts[column + 1] as number);
    const width = (record.starts[4] as number) - (record.starts[3] as number);
    const serial = record.types[3] as number;
    const root = width > 0 ? payload.bytes.readUIntBE(record.starts[3] as number, width) : serial === 9 ? 1 : 0;
    const sql = record.types[4] === 0 ? null : text(4);
    const object = { type: text(0), name: text(1), table: text(2), root, sql };
    if (!found.has(`${object.type} ${object.name}`)) found.set(`${object.type} ${object.name}`, object);
    all += 1;
  }
  return all === page.cells;
}

/**
 * What the rescued ledger is made of: what was found, in the place of damaged texts Coven's own, and, where the schema could
 * not be read whole, what Coven has besides.
 */
export function settleSchema({ objects, complete }: FoundSchema): readonly SchemaObject[] {
  const settled = withoutDoubles(objects).map((object) => {
    const own = ownStatement(object);
    if (own === null || object.sql === null) return object;
    return { ...object, sql: isDamaged(object.sql, own) ? own : mended(object.sql, own) };
  });
  if (complete) return settled;
  const missing = covenSchema.filter(
    ({ type, name }) => !settled.some((one) => one.type === type && one.name === name),
  );
  return [...settled, ...missing.map((object) => ({ ...object, root: 0 }))];
}

/** The statement of another version of Coven, with words of which one byte is damaged as Coven's own has them. */
function mended(sql: string, own: string): string {
  const words = new Set(own.match(word));
  return sql.replace(word, (is) => {
    if (words.has(is)) return is;
    const close = [...words].filter((one) => /^[A-Za-z_]{2,}$/.test(one) && isOneByteOff(is, one));
    return close.length === 1 ? (close[0] ?? is) : is;
  });
}

const word = /[^\s(),]+/g;

/** What a statement makes, by name. */
const making = /^(CREATE\s+(?:UNIQUE\s+)?(?:TABLE|INDEX)\s+(?:IF NOT EXISTS\s+)?"?)(\w{1,100})/i;

/**
 * The name of a table or an index is in its row and in its statement, and a damaged byte makes them two: the one that Coven
 * knows is right, else what the statement makes. SQLite takes capital letters for small ones.
 */
function renamed(object: SchemaObject): SchemaObject {
  const { sql } = object;
  const found = making.exec(sql?.slice(0, 300) ?? '');
  const [whole, before, made] = found ?? [];
  if (sql === null || whole === undefined || before === undefined || made === undefined) return object;
  const right = knownName(object.type, object.name) ?? knownName(object.type, made) ?? made;
  return { ...object, name: right, sql: right === made ? sql : before + right + sql.slice(whole.length) };
}

const knownName = (type: string, name: string): string | null =>
  covenSchema.find((own) => own.type === type && own.name.toLowerCase() === name.toLowerCase())?.name ?? null;

/** Of several that are called the same, the first that says so itself, and whose root page is covenSchema. */
function withoutDoubles(found: readonly SchemaObject[]): readonly SchemaObject[] {
  const settled = new Map<string, { readonly object: SchemaObject; readonly worth: number }>();
  for (const one of found) {
    const object = renamed(one);
    const key = `${object.type} ${object.name.toLowerCase()}`;
    const worth = (object.root > 1 ? 2 : 0) + (object.name === one.name ? 1 : 0);
    if (worth > (settled.get(key)?.worth ?? -1)) settled.set(key, { object, worth });
  }
  return [...settled.values()].map(({ object }) => object);
}

/** Coven's own statement for something of the same name; null where it makes nothing of that name. */
export const ownStatement = ({ type, name }: SchemaObject): string | null =>
  covenSchema.find((own) => own.type === type && own.name === name)?.sql ?? null;

export const isCovensTable = (name: string): boolean =>
  covenSchema.some((own) => own.type === 'table' && own.name === name);

/** A statement of another version of Coven is another text; one with a damaged byte is of the same length. */
function isDamaged(sql: string, own: string): boolean {
  if (sql.length !== own.length) return false;
  let different = 0;
  for (let at = 0; at < own.length; at += 1) if (sql[at] !== own[at]) different += 1;
  return different > 0 && different <= 600;
}

export const isSearchObject = (name: string): boolean => name.startsWith('events_fts');
