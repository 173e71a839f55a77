import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookNow } from '../host/files.ts';
import { askLedger } from './ask-ledger.ts';
import { attributesOf } from './manifest.ts';
import { dress } from './materialise.ts';
import { Refused } from './refused.ts';
import { sync } from './sync.ts';
import { isSame, presentParts, takeLedger } from './take-ledger.ts';
import { partsOf } from './walk.ts';

/**
 * Makes at `to` a copy of the ledger that is in the home, as a single file, which can stand in for it while its WAL is moved
 * away. `now` is a scratch folder, in which a copy may be already. Makes none where the main file has all rows, or SQLite
 * cannot open it, so that nobody sees rows of it anyway. Throws Refused where it is being written to.
 */
export async function settleNow(
  home: string,
  ledger: string,
  now: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const looks = partsOf(ledger).map((part) => lookNow(join(home, part)));
  if (!looks.every((look) => look === null || look.isFile())) return;
  const [main, wal, , journal] = looks.map((look) => look?.size ?? 0n);
  if (!main || (!wal && !journal)) return;
  const copy = join(now, ledger);
  if (!lookNow(copy)) {
    mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
    const taken = await takeLedger(home, ledger, now, signal);
    if (taken.ledger.way === 'snapshot' || !isSame(taken.ledger.stood, presentParts(home, ledger)))
      throw new Refused(`${join(home, ledger)} is being written to; stop it: coven daemon stop`);
  }
  const settled = await askLedger('settle', { copy }, signal, Number(main + (wal ?? 0n)));
  const stat = lookNow(join(home, ledger));
  if ('why' in settled || !settled.answer || !stat) return;
  dress({ kind: 'directory', ...attributesOf(ledger, stat) }, copy);
  sync(copy);
  renameSync(copy, to);
  sync(dirname(to));
}
