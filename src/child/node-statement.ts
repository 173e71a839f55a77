import { codeName } from './sqlite-codes.ts';

/** What of `node:sqlite` is used. The types of Node 20 know none of it. */
export interface NodeStatement {
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

export class SqliteError extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Does it, and tells an error as better-sqlite3 does. */
export function told<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw named(error);
  }
}

export function named(error: unknown): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  return error instanceof Error && code > 0 ? new SqliteError(error.message, codeName(code)) : error;
}

/** A statement of Node's SQLite with the manners of one of better-sqlite3. */
export class Statement {
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
