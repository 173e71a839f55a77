import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { makeScratch, type Scratch } from '../host/scratch.ts';
import type { IndexComparison } from '../model/observation.ts';
import { askLedger } from './ask-ledger.ts';
import { bringLedger } from './bring.ts';

/**
 * Holds the indexes of a home's ledger against their tables, or null where that cannot be done. A ledger that nobody has
 * open is read as a link in a folder of its own, so that nothing is left beside it; `device` is the home's.
 */
export async function seeIndexes(home: string, device: string, signal: AbortSignal): Promise<IndexComparison | null> {
  let scratch: Scratch | null = null;
  try {
    scratch = makeScratch(home, device);
    const place = join(home, names.ledger);
    // With its shared memory there, a process may have it open: beside a writer only its own path reads right.
    const ledger = existsSync(join(home, names.shm)) ? place : await bringLedger(place, scratch.path, signal);
    const indexes = await askLedger('compare-indexes', { ledger }, signal);
    return 'answer' in indexes ? indexes.answer : null;
  } catch {
    return null;
  } finally {
    scratch?.remove();
  }
}
