import type { BigIntStats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { look } from './files.ts';

/** The files of a ledger where Coven opens them. */
export interface LedgerPlace {
  readonly main: string;
  readonly wal: string;
  readonly shm: string;
  readonly journal: string;
  /** What the link in the home leads to, where that is a link to a file. */
  readonly linkedTo: string | null;
}

/**
 * Where Coven finds the ledger: SQLite follows a link in the place of the main file, and keeps WAL, shared memory and journal beside
 * what it leads to. Links in their place it refuses. A link that leads to no file is left as it is, for the checks to name.
 * Source: SQLite, unixFullPathname; Coven 0.4.6 with such a ledger.
 */
export async function placeOfLedger(home: string): Promise<LedgerPlace> {
  const own = join(await realpath(home).catch(() => home), names.ledger);
  const isLink = (await look(own).catch(() => null))?.isSymbolicLink() ?? false;
  const target = isLink ? await fileBehind(own) : null;
  const main = target ?? own;
  return { main, wal: `${main}-wal`, shm: `${main}-shm`, journal: `${main}-journal`, linkedTo: target };
}

async function fileBehind(link: string): Promise<string | null> {
  try {
    const target = await realpath(link);
    return (await stat(target)).isFile() ? target : null;
  } catch {
    return null;
  }
}

/** Device and inode of the ledger, or of one of its parts, as the lines of /proc/locks name them; null where it is not there. */
export async function identityAt(path: string): Promise<{ readonly dev: string; readonly ino: string } | null> {
  const found: BigIntStats | null = await look(path).catch(() => null);
  return found && { dev: String(found.dev), ino: String(found.ino) };
}
