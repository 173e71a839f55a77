import Database from '../child/sqlite.ts';

/**
 * Opens a ledger to read it: nothing that its schema says can make this connection write. `busyMs` is how long a lock is
 * waited for that a writer holds in exclusive mode; readers of a WAL never wait.
 */
export function openToRead(path: string, busyMs = 0): Database.Database {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: busyMs });
  db.pragma('query_only = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('mmap_size = 0');
  return db;
}

/** A database in memory, empty or with the bytes of an image. */
export const openInMemory = (image?: Buffer): Database.Database => new Database(image ?? ':memory:');
