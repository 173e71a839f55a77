import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, parseManifest } from './manifest.ts';
import { manifestName, readOurs, runsIn, stages, whyNotPrivate } from './place.ts';
import { reasonOf } from './refused.ts';

/** A manifest names every file once; a million of them take less. */
const manifestLimit = 400 * 1024 ** 2;

export type Listed =
  | { readonly state: 'whole'; readonly id: string; readonly path: string; readonly manifest: Manifest }
  /** Begun and never finished: it is no backup, and nothing is restored from it. */
  | { readonly state: 'interrupted'; readonly id: string; readonly path: string }
  /** Not as we make them: it is not used. */
  | { readonly state: 'refused'; readonly id: string; readonly path: string; readonly why: string };

/** Every backup in `places`, folders of runs, oldest first. Throws Refused for one that cannot be looked at. */
export function listBackups(places: readonly string[]): readonly Listed[] {
  return places
    .flatMap((place) => runsIn(place).flatMap((id) => look(id, join(place, id))))
    .sort((one, other) => one.id.localeCompare(other.id));
}

function look(id: string, run: string): readonly Listed[] {
  const path = join(run, stages.whole);
  const partial = join(run, stages.partial);
  const begun = lstatSync(partial, { throwIfNoEntry: false })
    ? [{ state: 'interrupted', id, path: partial } as const]
    : [];
  if (!lstatSync(path, { throwIfNoEntry: false })) return begun;
  const why = whyNotPrivate(run) ?? whyNotPrivate(path);
  if (why) return [{ state: 'refused', id, path, why }, ...begun];
  const manifest = readManifest(path);
  if ('why' in manifest) return [{ state: 'refused', id, path, why: manifest.why }, ...begun];
  if (manifest.id !== id)
    return [{ state: 'refused', id, path, why: `its manifest is that of ${manifest.id}` }, ...begun];
  return [{ state: 'whole', id, path, manifest }, ...begun];
}

function readManifest(path: string): Manifest | { readonly why: string } {
  try {
    const parsed = parseManifest(readOurs(join(path, manifestName), manifestLimit));
    return 'why' in parsed ? { why: `${manifestName}: ${parsed.why}` } : parsed;
  } catch (error) {
    return { why: `${manifestName}: ${reasonOf(error)}` };
  }
}
