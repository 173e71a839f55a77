import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { packageRoot } from '../package.ts';
import type { NoSqliteLine } from './no-sqlite.ts';
import { NodeSqlite } from './node-sqlite.ts';

/*
 * The one door to SQLite: better-sqlite3, or the SQLite of Node behind the same methods where that does not load, as for another
 * Node than it was built for, or where no package may run scripts.
 */

type Driver = typeof BetterSqlite3;

/** What is used, and what was tried in vain before. */
interface Chosen {
  readonly name: 'better-sqlite3' | 'node:sqlite';
  readonly open: (path: string | Buffer | undefined, options?: BetterSqlite3.Options) => BetterSqlite3.Database;
}

let chosen: Chosen | undefined;

/** Which driver is used, and the version of its SQLite. Throws the error of better-sqlite3 where there is none. */
export function sqliteDriver(): { readonly driver: Chosen['name']; readonly version: string } {
  const { name, open } = driver();
  const db = open(':memory:');
  const version = db.prepare('SELECT sqlite_version()').pluck().get() as string;
  db.close();
  return { driver: name, version };
}

function driver(): Chosen {
  chosen ??= process.env.COVEN_DOCTOR_SQLITE === 'node:sqlite' ? ofNode() : (better() ?? ofNode());
  return chosen;
}

function better(): Chosen | null {
  try {
    const nativeBinding = nativePart();
    const open: Chosen['open'] = (path, options) => new BetterSqlite3(path, { ...options, nativeBinding });
    open(':memory:').close();
    return { name: 'better-sqlite3', open };
  } catch (error) {
    if (!NodeSqlite.isThere()) throw error;
    return null;
  }
}

const ofNode = (): Chosen => ({
  name: 'node:sqlite',
  open: (path, options) => new NodeSqlite(path, options) as unknown as BetterSqlite3.Database,
});

/** Where npm builds or puts it. Left to itself, the package looks in a dozen places. Throws where it is not installed. */
const nativePart = (): string =>
  createRequire(join(packageRoot, 'package.json')).resolve('better-sqlite3/build/Release/better_sqlite3.node');

/** Opens a database as better-sqlite3 does, by whichever driver there is. */
const Database = function open(path?: string | Buffer, options?: BetterSqlite3.Options) {
  return driver().open(path, options);
} as unknown as Driver;

declare namespace Database {
  type Database = BetterSqlite3.Database;
  type Statement = BetterSqlite3.Statement;
}

export default Database;

/** Whether an error is one of SQLite, whichever driver told it. */
export const isSqliteError = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_');

/**
 * Loads SQLite. Throws where there is none, when the reason has been answered: a program that does not catch that ends, and
 * its parent knows why.
 */
export function loadSqlite(): void {
  try {
    driver();
  } catch (error) {
    const line: NoSqliteLine = { noSqlite: error instanceof Error ? error.message : String(error) };
    writeSync(1, `${JSON.stringify(line)}\n`);
    throw error;
  }
}
