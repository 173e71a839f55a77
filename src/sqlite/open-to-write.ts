import Database from '../child/sqlite.ts';

/** Opens a private copy of a ledger to write to it. Opening plays a rollback journal back. */
export function openToWrite(copy: string): Database.Database {
  const db = new Database(copy, { fileMustExist: true });
  db.pragma('trusted_schema = OFF');
  return db;
}

/** Brings what is in the WAL into the main file; false where something of it stays. */
export function checkpoint(db: Database.Database): boolean {
  const [{ busy, log } = { busy: 1, log: 1 }] = db.pragma('wal_checkpoint(TRUNCATE)') as {
    busy: number;
    log: number;
  }[];
  return busy === 0 && log <= 0;
}
