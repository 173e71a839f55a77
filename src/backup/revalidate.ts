import { join } from 'node:path';
import { lookNow } from '../host/files.ts';
import { attributesOf, type Manifest } from './manifest.ts';

import { isSame, presentParts } from './take-ledger.ts';
import { partsOf, walk } from './walk.ts';

/** How a home differs from what was copied, by the names below it. */
export interface Drift {
  readonly changed: readonly string[];
  /** The same file with more in it, as a log that is written to; what was copied is still there. */
  readonly grown: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Whether what was copied is still what is there: names, kinds, identities, modes, owners, sizes and times, and no file
 * is opened. Null where all is as it was. Times of folders do not count: our own locks and runs change them.
 */
export function revalidate(manifest: Manifest, home: string): Drift | null {
  const changed: string[] = [];
  const grown: string[] = [];
  const removed: string[] = [];
  const ledgers = manifest.ledgers.filter(({ path, stood }) => !isSame(stood, presentParts(home, path)));
  changed.push(...ledgers.map(({ path }) => path));
  const parts = new Set(manifest.ledgers.flatMap(({ path }) => partsOf(path)));
  for (const entry of manifest.entries) {
    const now = lookNow(join(home, entry.path));
    if (!now) {
      if (!parts.has(entry.path)) removed.push(entry.path);
      continue;
    }
    const { mode, uid, gid, dev, ino, mtimeNs } = attributesOf(entry.path, now);
    const same =
      dev === entry.dev && ino === entry.ino && mode === entry.mode && uid === entry.uid && gid === entry.gid;
    if (!same) changed.push(entry.path);
    else if (entry.kind !== 'file' || parts.has(entry.path)) continue;
    else if (Number(now.size) > entry.size) grown.push(entry.path);
    else if (Number(now.size) < entry.size || mtimeNs !== entry.mtimeNs) changed.push(entry.path);
  }
  const known = new Set([...manifest.entries.map(({ path }) => path), ...parts]);
  const added = walk(home)
    .found.map(({ path }) => path)
    .filter((path) => !known.has(path));
  const drift = { changed: [...new Set(changed)].sort(), grown, added, removed };
  return Object.values(drift).some((list) => list.length > 0) ? drift : null;
}
