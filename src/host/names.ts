import { opendirSync } from 'node:fs';
import { opendir } from 'node:fs/promises';

/** Entries of one folder that are looked at: a million of them take seconds, and hundreds of megabytes as a list. */
const mostEntries = 100_000;

export interface Names {
  /** The last ones in order, sorted. */
  readonly names: readonly string[];
  /** How many are wanted, of those that were looked at. */
  readonly count: number;
  /** False where the folder holds more entries than are looked at. */
  readonly complete: boolean;
}

/** At most the `keep` last names in a folder, of those that are wanted. Throws what opendir(3) says. */
export async function lastNames(
  folder: string,
  keep: number,
  isWanted: (name: string) => boolean,
  most = mostEntries,
): Promise<Names> {
  let names: string[] = [];
  let [count, looked] = [0, 0];
  const last = (): string[] => names.sort().slice(-keep);
  for await (const { name } of await opendir(folder, { bufferSize: 1024 })) {
    looked += 1;
    if (looked > most) return { names: last(), count, complete: false };
    if (!isWanted(name)) continue;
    count += 1;
    names.push(name);
    if (names.length > 2 * keep + 1000) names = last();
  }
  return { names: last(), count, complete: true };
}

/** The names in a folder that are wanted, in no order; null where there are more than `most`, or too many entries to look at. Throws what opendir(3) says. */
export function namesWithin(
  folder: string,
  most: number,
  isWanted: (name: string) => boolean,
): readonly string[] | null {
  const names: string[] = [];
  const entries = opendirSync(folder, { bufferSize: 1024 });
  try {
    for (let looked = 0; looked <= mostEntries && names.length <= most; looked += 1) {
      const entry = entries.readSync();
      if (entry === null) return names;
      if (isWanted(entry.name)) names.push(entry.name);
    }
    return null;
  } finally {
    entries.closeSync();
  }
}
