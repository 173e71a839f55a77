import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { countValues } from '../json.ts';
import { type Manifest, manifestRoom, parseManifest } from './manifest.ts';
import { manifestName, readOurs, runsIn, stages, whyNotPrivate } from './place.ts';
import { reasonOf } from './refused.ts';

export type Listed =
  | { readonly state: 'whole'; readonly id: string; readonly path: string; readonly manifest: Manifest }
  /** Begun and never finished: it is no backup, and nothing is restored from it. */
  | { readonly state: 'interrupted'; readonly id: string; readonly path: string }
  /** Not as we make them: it is not used. */
  | { readonly state: 'refused'; readonly id: string; readonly path: string; readonly why: string };

/**
 * Every backup in `places`, folders of runs, oldest first; or the one of that id. Throws Refused for a place that cannot be
 * looked at. What manifests may hold together is bounded: the newest are read first, and one that finds no room is refused
 * until it is named.
 */
export function listBackups(places: readonly string[], only?: string): readonly Listed[] {
  const left = { ...manifestRoom };
  return places
    .flatMap((place) => runsIn(place).map((id) => ({ id, run: join(place, id) })))
    .filter(({ id }) => only === undefined || id === only)
    .sort((one, other) => other.id.localeCompare(one.id))
    .map(({ id, run }) => look(id, run, left))
    .reverse()
    .flat();
}

function look(id: string, run: string, left: Room): readonly Listed[] {
  const path = join(run, stages.whole);
  const partial = join(run, stages.partial);
  const begun = lstatSync(partial, { throwIfNoEntry: false })
    ? [{ state: 'interrupted', id, path: partial } as const]
    : [];
  if (!lstatSync(path, { throwIfNoEntry: false })) return begun;
  const why = whyNotPrivate(run) ?? whyNotPrivate(path);
  if (why) return [{ state: 'refused', id, path, why }, ...begun];
  const manifest = readManifest(id, path, left);
  if ('why' in manifest) return [{ state: 'refused', id, path, why: manifest.why }, ...begun];
  if (manifest.id !== id)
    return [{ state: 'refused', id, path, why: `its manifest is that of ${manifest.id}` }, ...begun];
  return [{ state: 'whole', id, path, manifest }, ...begun];
}

/** What is left for manifests that are still to be read. */
type Room = { -readonly [of in keyof typeof manifestRoom]: number };

function readManifest(id: string, path: string, left: Room): Manifest | { readonly why: string } {
  try {
    const file = join(path, manifestName);
    const { size } = lstatSync(file);
    if (size > left.bytes && size <= manifestRoom.bytes) return { why: noRoom(id) };
    const text = readOurs(file, manifestRoom.bytes);
    left.bytes -= size;
    const values = countValues(text, manifestRoom);
    if (values > left.values) return { why: noRoom(id) };
    left.values -= values;
    const parsed = parseManifest(text);
    return 'why' in parsed ? { why: `${manifestName}: ${parsed.why}` } : parsed;
  } catch (error) {
    return { why: `${manifestName}: ${reasonOf(error)}` };
  }
}

const noRoom = (id: string): string =>
  `its list of files is too large to be read beside those of newer backups; \`coven-doctor backup verify ${id}\` reads it alone`;
