import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type NodeStatement, named, SqliteError, Statement, told } from './node-statement.ts';

/*
 * The SQLite of Node with those methods of better-sqlite3 that this program uses, and with its manners: one that is not there is
 * not made unless it is asked for, integers that a number cannot hold are rounded, bytes come as a Buffer, and an error has
 * SQLite's own name for its code.
 */

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
