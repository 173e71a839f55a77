import Database from 'better-sqlite3';
import type { NoSqliteLine } from './no-sqlite.ts';

/**
 * Loads the native part of SQLite. Rejects where it does not load, when the reason has been answered: a program that does
 * not catch that ends, and its parent knows why.
 */
export async function loadSqlite(): Promise<void> {
  try {
    new Database(':memory:').close();
  } catch (error) {
    const line: NoSqliteLine = { noSqlite: error instanceof Error ? error.message : String(error) };
    await new Promise<void>((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()));
    throw error;
  }
}
