import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import type { FileIdentity, Identities } from '../observation.ts';
import { identify } from './identity.ts';
import type { Look } from './look.ts';

const identityLimit = 1000;

/** Identities of what a repair may touch; asked for only where one is planned. What may not be looked at is left out. */
export async function seeIdentities({ home, observe }: Look): Promise<Identities> {
  const { list } = await observe('home.entries');
  const wanted = new Set(['.', ...Object.values(names), ...list.map(({ name }) => name)]);
  const files: Record<string, FileIdentity> = {};
  for (const name of [...wanted].slice(0, identityLimit)) {
    try {
      const found = identify(name === '.' ? home : join(home, name));
      if (found) files[name] = found;
    } catch {
      // What is planned rests on what was seen; the check of it has said that it may not be.
    }
  }
  return { files };
}
