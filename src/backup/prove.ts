import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { names } from '../coven/layout.ts';
import { type Content, unopened } from '../store/answers.ts';
import { askLedger } from './ask-ledger.ts';
import { damaged, isSound, type Judgement, judgeLedger } from './judgement.ts';
import type { LedgerBackup, Manifest } from './manifest.ts';
import { difference, materialise } from './materialise.ts';
import { removeScratch } from './place.ts';
import { isOfRoom, Refused, reasonOf } from './refused.ts';

export type Proof =
  | {
      readonly proven: true;
      /** Every ledger opened, was found intact, and was read to its end. */
      readonly sound: boolean;
      /** Rows of the session ledger by table; empty where it did not open. */
      readonly rows: Readonly<Record<string, number | null>>;
      readonly ledgers: readonly LedgerBackup[];
      /** What is wrong with the session ledger, whose copy was read whole; null where there is none. */
      readonly judgement: Judgement | null;
    }
  | { readonly proven: false; readonly why: string };

/**
 * Proves that a backup can be restored: restores it into `scratch`, beside it, compares every file's sha256 and what
 * is told of it with the manifest, opens each ledger there and compares its rows. Leaves the scratch to the caller,
 * who removes it. `known` are contents that the source itself was seen to have; none of raw files that nobody opened.
 */
export async function proveInto(
  folder: string,
  manifest: Manifest,
  known: ReadonlyMap<string, Content>,
  scratch: string,
  signal: AbortSignal,
): Promise<Proof> {
  try {
    await materialise(folder, manifest, scratch, signal);
    const why = await difference(manifest, scratch, signal);
    if (why) return { proven: false, why };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Refused) return { proven: false, why: error.message };
    // The backup itself may be good.
    if (isOfRoom(error)) throw new Refused(`there is no room to prove ${folder} (${reasonOf(error)}); make room`);
    return { proven: false, why: `it cannot be restored (${reasonOf(error)}: ${pathOf(error)})` };
  }
  const ledgers: LedgerBackup[] = [];
  let judgement: Judgement | null = null;
  for (const ledger of manifest.ledgers) {
    const reading = await readCopy(join(scratch, ledger.path), signal);
    const expected = known.get(ledger.path);
    const why = expected && contentDifference(expected, reading.content);
    if (why) return { proven: false, why: `${ledger.path}: ${why}` };
    if (ledger.path === names.ledger) judgement = reading.judgement;
    ledgers.push({ ...ledger, content: reading.content, sound: isSound(reading.judgement) });
  }
  const main = ledgers.find(({ path }) => path === names.ledger);
  return {
    proven: true,
    sound: ledgers.every(({ sound }) => sound),
    rows: Object.fromEntries((main?.content.tables ?? []).map(({ name, rows }) => [name, rows])),
    ledgers,
    judgement,
  };
}

/** Proves a finished backup again, in a scratch folder beside it that is removed. */
export async function prove(path: string, manifest: Manifest, signal: AbortSignal): Promise<Proof> {
  const scratch = join(dirname(path), `backup.proof-${process.pid}`);
  removeScratch(scratch);
  try {
    const known = new Map(manifest.ledgers.map((ledger) => [ledger.path, ledger.content]));
    const proof = await proveInto(path, manifest, known, scratch, signal);
    if (!proof.proven) return proof;
    const judged = manifest.ledgers.find(({ sound }, index) => sound !== proof.ledgers[index]?.sound);
    return judged ? { proven: false, why: `${judged.path}: it is not as sound as its manifest says` } : proof;
  } finally {
    removeScratch(scratch);
  }
}

/**
 * A main file that is missing or empty is not opened: what its WAL holds would be lost, if only here. One whose reader
 * does not come to its end is not sound.
 */
async function readCopy(ledger: string, signal: AbortSignal): Promise<{ content: Content; judgement: Judgement }> {
  const size = lstatSync(ledger, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0)
    return { content: unopened('SQLITE_NOTADB'), judgement: damaged('its main file is missing or empty') };
  const judgement = await judgeLedger(ledger, signal);
  const content = await askLedger('content', { copy: ledger }, signal, size);
  if ('answer' in content) return { content: content.answer, judgement };
  return { content: unopened(content.why), judgement: damaged(content.why) };
}

/** How what one ledger holds differs from what another does, or null. */
export function contentDifference(one: Content, other: Content): string | null {
  if (one.problem !== other.problem) return `it opens with ${other.problem ?? 'no problem'}`;
  const rows = ({ tables }: Content): string => JSON.stringify(tables.map(({ name, rows }) => [name, rows]));
  if (rows(one) !== rows(other)) return 'its tables do not have the rows that the source had';
  if (one.sessions !== other.sessions) return 'its sessions are not those of the source';
  return one.events === other.events ? null : 'its events are not those of the source';
}

const pathOf = (error: unknown): string => (error instanceof Error && 'path' in error ? String(error.path) : '');
