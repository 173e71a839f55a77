import type { Observations } from '../model/observation.ts';

/** Where checks draw their lines, and what a picture of the same value is held against. */

/** Free inodes: a start makes some ten files, a session a handful of lines in existing ones. */
export const fewInodes = { fail: 1_000, warn: 10_000 };

/** Coven checkpoints at 4 MiB; a WAL of this size was held back by a reader, or by writes that never paused. */
export const largeWalBytes = 256 * 1024 ** 2;

/** Shares of a process's limit. Each session takes some, and at the limit no connection is accepted any more. */
export const descriptorShares = { warn: 0.8, fail: 0.95 };

/**
 * Descriptors that a daemon takes to start a session: its request, the ledger, the project's gate, the terminal and the pipes of the
 * child. Tried on Coven 0.4.6: with nine to spare a launch works, with seven it fails, and with one health fails as well.
 */
export const sessionDescriptors = 9;

/** Of log in ten minutes. A start writes some 22 lines of 120 bytes, a refused connection one: this is a hundred starts. */
export const floodBytes = 256 * 1024;

/** Free bytes that a backup wants: twice the ledger, and never into the range where Coven calls its storage critical. */
export const backupBytes = (ledgerBytes: number, lowDiskBytes: number): number => 2 * ledgerBytes + lowDiskBytes;

/** So little that the ledger cannot grow: on Coven 0.4.6 a session is then refused after twenty seconds. Above it, only maintenance stops. */
export const isFull = (freeBytes: unknown): boolean => Number(freeBytes) < 1024 ** 2;

/** A daemon comes up with 16 (tried on Coven 0.4.6); each session takes some more, and so does each request. */
export const leastOpenFiles = 64;
/** What a ledger or its WAL grows by within a day at least. */
const leastFileBytes = 4 * 1024 ** 2;

/** Tasks that a session takes: the harness, what it starts at once, and the daemon's threads for it. */
export const sessionTasks = 8;

/** Whether a daemon that may write no larger file could not let its ledger grow. */
export function limitsFiles(fileBytes: number | null, files: Observations['store.files'] | null): boolean {
  const size = Math.max(files?.main.size ?? 0, files?.wal.size ?? 0);
  return fileBytes !== null && fileBytes < size + leastFileBytes;
}
