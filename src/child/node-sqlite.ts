import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeName } from './sqlite-codes.ts';

/*
 * The SQLite of Node with those methods of better-sqlite3 that this program uses, and with its manners: one that is not there is
 * not made unless it is asked for, integers that a number cannot hold are rounded, bytes come as a Buffer, and an error has
 * SQLite's own name for its code.
 */

/** What of `node:sqlite` is used. The types of Node 20 know none of it. */
interface NodeStatement {
  readonly run: (...values: unknown[]) => {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  readonly get: (...values: unknown[]) => unknown;
  readonly all: (...values: unknown[]) => unknown[];
  readonly iterate: (...values: unknown[]) => IterableIterator<unknown>;
  readonly setReadBigInts: (on: boolean) => void;
  readonly setReturnArrays: (on: boolean) => void;
}

interface NodeDatabase {
  readonly isTransaction: boolean;
  readonly prepare: (sql: string) => NodeStatement;
  readonly exec: (sql: string) => void;
  readonly close: () => void;
  readonly enableDefensive?: (on: boolean) => void;
  readonly serialize?: () => Uint8Array;
  readonly deserialize?: (bytes: Uint8Array) => void;
}

interface Module {
  readonly DatabaseSync: new (path: string | URL, options: object) => NodeDatabase;
  readonly StatementSync: { readonly prototype: Partial<NodeStatement> };
  readonly backup: (source: NodeDatabase, to: string, options: object) => Promise<number>;
}

let loaded: Module | null | undefined;

/** Null where Node has none, or one that cannot do what is needed here, as before 22.16. */
function nodeSqlite(): Module | null {
  if (loaded !== undefined) return loaded;
  const { emitWarning } = process;
  // That it is experimental is nothing that an operator can do anything about.
  process.emitWarning = () => undefined;
  try {
    const found = process.getBuiltinModule('node:sqlite') as unknown as Module | undefined;
    loaded = found?.StatementSync.prototype.setReturnArrays && typeof found.backup === 'function' ? found : null;
  } finally {
    process.emitWarning = emitWarning;
  }
  return loaded;
}

class SqliteError extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Does it, and tells an error as better-sqlite3 does. */
function told<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw named(error);
  }
}

function named(error: unknown): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return error instanceof Error && code > 0 ? new SqliteError(error.message, codeName(code)) : error;
}

interface Options {
  readonly readonly?: boolean | undefined;
  readonly fileMustExist?: boolean | undefined;
  readonly timeout?: number | undefined;
}

/** A database as better-sqlite3 opens it: defensive, without extensions, with foreign keys. */
export class NodeSqlite {
  static readonly isThere = (): boolean => nodeSqlite() !== null;
  readonly #db: NodeDatabase;
  #isOpen = true;

  constructor(
    path: string | Buffer = ':memory:',
    { readonly = false, fileMustExist = false, timeout = 5000 }: Options = {},
  ) {
    const sqlite = nodeSqlite();
    if (!sqlite) throw new Error('this Node has no SQLite of its own');
    const { DatabaseSync } = sqlite;
    const isImage = typeof path !== 'string';
    const name = isImage ? ':memory:' : path;
    if (name !== ':memory:' && !existsSync(dirname(name)))
      throw new TypeError('Cannot open database because the directory does not exist');
    // A file that was there a moment ago is not made anew, either.
    const place = fileMustExist && !readonly ? new URL(`${pathToFileURL(name).href}?mode=rw`) : name;
    this.#db = told(() => new DatabaseSync(place, { readOnly: readonly, timeout, defensive: true }));
    if (!isImage) return;
    if (!this.#db.deserialize) throw new SqliteError('this Node cannot open an image', 'SQLITE_ERROR');
    this.#db.deserialize(path);
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  prepare(sql: string): Statement {
    return new Statement(told(() => this.#db.prepare(sql)));
  }

  readonly exec = (sql: string): this => {
    told(() => this.#db.exec(sql));
    return this;
  };

  pragma(text: string, { simple = false }: { readonly simple?: boolean } = {}): unknown {
    const statement = this.prepare(`PRAGMA ${text}`);
    return simple ? statement.pluck().get() : statement.all();
  }

  /** A function that does all or nothing; within another one, it can be taken back alone. */
  transaction<A extends unknown[], T>(work: (...args: A) => T): Transaction<A, T> {
    const begin =
      (how: string) =>
      (...args: A): T => {
        const isInner = this.inTransaction;
        this.exec(isInner ? 'SAVEPOINT `_coven_doctor`' : `BEGIN ${how}`);
        try {
          const result = work(...args);
          this.exec(isInner ? 'RELEASE `_coven_doctor`' : 'COMMIT');
          return result;
        } catch (error) {
          // SQLite may have taken it back itself.
          if (this.inTransaction) {
            this.exec(isInner ? 'ROLLBACK TO `_coven_doctor`' : 'ROLLBACK');
            if (isInner) this.exec('RELEASE `_coven_doctor`');
          }
          throw error;
        }
      };
    return Object.assign(begin('DEFERRED'), {
      deferred: begin('DEFERRED'),
      immediate: begin('IMMEDIATE'),
      exclusive: begin('EXCLUSIVE'),
    });
  }

  /** In one step, whatever pace is asked for: so no writer gets between. */
  async backup(to: string): Promise<void> {
    await nodeSqlite()
      ?.backup(this.#db, to, { rate: 0x7fffffff })
      .catch((error: unknown) => {
        throw named(error);
      });
  }

  serialize(): Buffer {
    if (!this.#db.serialize) throw new SqliteError('this Node cannot make an image', 'SQLITE_ERROR');
    const bytes = told(() => this.#db.serialize?.() ?? new Uint8Array());
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Lets the schema be written, as better-sqlite3 does. */
  unsafeMode(on = true): this {
    this.#db.enableDefensive?.(!on);
    return this;
  }

  close(): this {
    if (this.#isOpen) told(() => this.#db.close());
    this.#isOpen = false;
    return this;
  }
}

export interface Transaction<A extends unknown[], T> {
  (...args: A): T;
  readonly deferred: (...args: A) => T;
  readonly immediate: (...args: A) => T;
  readonly exclusive: (...args: A) => T;
}

class Statement {
  readonly #statement: NodeStatement;
  #isPlucked = false;
  #isExact = false;
  #isRaw = false;

  constructor(statement: NodeStatement) {
    this.#statement = statement;
    // A number that does not fit would be an error.
    statement.setReadBigInts(true);
  }

  pluck(on = true): this {
    this.#isPlucked = on;
    return this;
  }

  raw(on = true): this {
    this.#isRaw = on;
    return this;
  }

  safeIntegers(on = true): this {
    this.#isExact = on;
    return this;
  }

  run(...values: unknown[]): { changes: number; lastInsertRowid: number | bigint } {
    const { changes, lastInsertRowid } = told(() => this.#statement.run(...allBound(values)));
    return { changes: Number(changes), lastInsertRowid: this.#integer(BigInt(lastInsertRowid)) };
  }

  get(...values: unknown[]): unknown {
    return this.#row(told(() => this.#asked().get(...allBound(values))));
  }

  all(...values: unknown[]): unknown[] {
    return told(() => this.#asked().all(...allBound(values))).map((row) => this.#row(row));
  }

  *iterate(...values: unknown[]): IterableIterator<unknown> {
    const rows = told(() => this.#asked().iterate(...allBound(values)));
    try {
      for (;;) {
        const { done, value } = told(() => rows.next());
        if (done) return;
        yield this.#row(value);
      }
    } finally {
      rows.return?.();
    }
  }

  #asked(): NodeStatement {
    this.#statement.setReturnArrays(this.#isPlucked || this.#isRaw);
    return this.#statement;
  }

  #row(row: unknown): unknown {
    if (row === undefined || row === null) return undefined;
    if (Array.isArray(row)) return this.#isPlucked ? this.#value(row[0]) : row.map((value) => this.#value(value));
    return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, this.#value(value)]));
  }

  #value(value: unknown): unknown {
    if (typeof value === 'bigint') return this.#integer(value);
    return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
  }

  #integer(value: bigint): number | bigint {
    return this.#isExact ? value : Number(value);
  }
}

/** An array is that many values, as better-sqlite3 takes it. */
const allBound = (values: readonly unknown[]): unknown[] => values.flat().map(bound);

/** A number is bound as the integer that it is: where a column says no type, 1.0 is another value than 1. */
function bound(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return BigInt(value);
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bound(inner)]));
}
