import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { makeScratch, type Scratch } from '../host/scratch.ts';
import type { Newer } from '../store/protocol.ts';
import { askLedger } from './ask-ledger.ts';
import { bringLedger } from './bring.ts';

/** A ledger that lies in the quarantine of a run. */
export interface Kept {
  readonly run: string;
  readonly item: string;
}

/**
 * Sessions and events that the ledger of a home holds and an earlier one, in quarantine, does not: what would be lost if
 * that one took its place. Null where it cannot be told. Ledgers that nobody has open are read as links in a folder of their own,
 * so that nothing is left beside them; `device` is the home's.
 */
export async function rowsSince(
  home: string,
  device: string,
  { run, item }: Kept,
  signal: AbortSignal,
): Promise<Newer | null> {
  let scratch: Scratch | null = null;
  try {
    scratch = makeScratch(home, device);
    const { path } = scratch;
    const [now, then] = [join(path, 'now'), join(path, 'then')];
    for (const folder of [now, then]) await mkdir(folder, { mode: 0o700 });
    const from = join(home, 'doctor', 'runs', run, 'quarantine', `${item}-${names.ledger}`);
    // With its shared memory there, a process may have it open: beside a writer only its own path reads right.
    const place = join(home, names.ledger);
    const ledger = existsSync(join(home, names.shm)) ? place : await bringLedger(place, now, signal);
    const newer = await askLedger('newer', { ledger, than: await bringLedger(from, then, signal) }, signal);
    return 'answer' in newer ? newer.answer : null;
  } catch {
    return null;
  } finally {
    scratch?.remove();
  }
}
