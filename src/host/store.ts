import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSoundBytes } from '../coven/ledger.ts';
import { serveLockHolders } from '../coven/serve-lock.ts';
import type { StoreFiles, StoreOpen } from '../model/observation.ts';
import { look as lookAt } from './files.ts';
import { CannotSee } from './host.ts';
import { identityAt, placeOfLedger } from './ledger-place.ts';
import type { Look } from './look.ts';
import { runReader, type StoreReading } from './reader.ts';
import { makeScratch } from './scratch.ts';

const boundedBudgetMs = 150;
/** Kept back from the run's deadline, so that a killed reading can still be told. */
const reserveMs = 400;
const privateAttempts = 4;

const unopened = (outcome: StoreOpen['outcome'], code: string | null = null): StoreOpen => ({
  outcome,
  way: null,
  code,
  journalMode: null,
  tables: [],
  columns: {},
  walForeign: null,
});

/** Why a ledger is not opened at all, or null where it may be. */
function withoutOpening({ main, wal }: StoreFiles): StoreOpen | null {
  if (main.kind === 'absent') return unopened('missing');
  if (main.kind !== 'file') return unopened('not-a-file');
  if (!main.readable) return unopened('unreadable', 'EACCES');
  if (main.size === 0) return unopened('empty');
  // A WAL that is no file cannot be brought along, and what it holds would be missed.
  return wal.kind === 'absent' || wal.kind === 'file' ? null : unopened('forbidden', 'WAL_NOT_A_FILE');
}

/**
 * Reads the ledger in a child. In place where a process has it open; else from a private folder, and then only a
 * reading during which the files did not move is believed, and a bad one only when a second says the same.
 * Throws CannotSee where the child told nothing.
 */
export async function readStore(look: Look): Promise<StoreReading> {
  const files = await look.observe('store.files');
  const refused = withoutOpening(files);
  if (refused)
    return {
      open: refused,
      bytes: null,
      sessions: null,
      automations: null,
      integrity: null,
      again: async () => null,
      count: async () => null,
      inventory: async () => null,
      replay: async () => null,
      tryWriting: async () => null,
    };
  const { main: ledger } = await placeOfLedger(look.home);
  const left = (): number => look.timeLeft() - reserveMs;
  const request = { ledger, deep: look.deep, budgetMs: boundedBudgetMs };
  const size = { bytes: files.main.size + files.wal.size, pageSize: files.header?.pageSize ?? 0 };
  const telling = look.deep && look.onReading ? { ...size, tell: look.onReading } : null;
  const read = (scratch: string | null): Promise<StoreReading> =>
    runReader({ ...request, scratch }, left(), look.signal, look.onEnd, telling);

  // Only with its shared memory in place does a read-only open of a WAL ledger create nothing.
  if ((await isOpen(look)) && (files.shm.kind === 'file' || files.header?.wal === false)) return read(null);

  const { dev = null } = (await identityAt(ledger)) ?? {};
  // A run that is over must not begin a folder that nobody would remove.
  look.signal.throwIfAborted();
  const scratch = makeScratch(look.home, dev, 'last');
  look.onEnd(async () => scratch.remove());
  let first: StoreReading | null = null;
  for (let attempt = 1; attempt <= privateAttempts; attempt += 1) {
    const folder = join(scratch.path, String(attempt));
    await mkdir(folder, { mode: 0o700 });
    const before = await fingerprint(ledger);
    const reading = await read(folder).catch((error: unknown) => {
      if (first && left() <= 0) return null;
      throw error;
    });
    // No time for a second one. The first did read the ledger's own bytes, and not only a copy, while nobody wrote to them.
    if (first?.bytes && !hasSoundBytes(first.bytes) && left() <= 0) return first;
    if (!reading) throw new CannotSee('overran', 'the time allowed ended before the ledger was read a second time');
    if (before !== (await fingerprint(ledger))) continue;
    if (first || !isBad(reading)) return { ...reading, ...unmoved(reading, ledger, before) };
    first = { ...reading, ...unmoved(reading, ledger, before) };
  }
  throw new CannotSee('moving', 'the ledger was written to while it was read; run again');
}

/** What is read of a ledger through a private folder counts only while nobody writes to it. */
function unmoved(
  { count, inventory, replay }: StoreReading,
  ledger: string,
  before: string,
): Pick<StoreReading, 'count' | 'inventory' | 'replay'> {
  const still = async <T>(told: T): Promise<T> => {
    if (before !== (await fingerprint(ledger))) throw new CannotSee('moving', 'the ledger was written to meanwhile');
    return told;
  };
  return {
    count: async () => still(await count()),
    inventory: async (request, milliseconds) => still(await inventory(request, milliseconds)),
    replay: async (request, milliseconds) => still(await replay(request, milliseconds)),
  };
}

/** Whether something was wrong with what was read of a ledger. */
export function isBad({ open, bytes, sessions, integrity }: StoreReading): boolean {
  if (open.outcome !== 'opened' || sessions?.outcome === 'failed') return true;
  if (bytes && !hasSoundBytes(bytes)) return true;
  return (
    integrity !== null && (integrity.problems.length > 0 || integrity.tables.some(({ problem }) => problem !== null))
  );
}

/**
 * Whether a process has the ledger open or a daemon is alive; a doubt counts as no, and the files are watched instead.
 * The locks of another pid namespace are not to be seen: there a daemon is known by its answer alone.
 */
async function isOpen({ observe }: Look): Promise<boolean> {
  const [locks, processes, machine] = await Promise.all([
    observe('home.locks'),
    observe('processes').catch(() => null),
    observe('machine'),
  ]);
  // Whoever has another WAL open than the one that is here writes to none of these; to open them in place would make that WAL anew.
  if (processes?.list.some(({ adrift }) => adrift)) return false;
  const served = serveLockHolders(locks, processes?.list ?? []).daemons.length > 0;
  if (served || processes?.list.some(({ ledgerOpen }) => ledgerOpen)) return true;
  return !machine.seesEveryProcess && (await observe('daemon.health')).outcome === 'answered';
}

/** Identity, size and times of the ledger and its WAL. The link itself changes only the change time. */
async function fingerprint(ledger: string): Promise<string> {
  const parts = await Promise.all(
    [ledger, `${ledger}-wal`, `${ledger}-journal`].map(async (path) => {
      const stat = await lookAt(path);
      return stat ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}` : '-';
    }),
  );
  return parts.join(' ');
}
