import { join } from 'node:path';
import * as v from 'valibot';
import { names } from '../../coven/layout.ts';
import { identify } from '../identity.ts';
import type { Look } from '../look.ts';
import { by, decimal, kind, maybe, number, text, type ValueOf } from '../shape.ts';

/**
 * A file as it was when it was looked at: what a repair is planned on, and compares again right before it acts. Device
 * and inode are decimal text, sizes bytes, times nanoseconds since the epoch as decimal text.
 */
const identity = () =>
  v.object({
    kind,
    dev: decimal,
    ino: decimal,
    /** Permission bits with setuid, setgid and sticky. */
    mode: number,
    uid: number,
    gid: number,
    /** Size and time are null where they do not count: those of a folder and of shared memory are changed by what happens beside a repair. */
    size: maybe(number),
    mtimeNs: maybe(decimal),
    /** Of regular files up to 1 MiB that are no part of a ledger, which must not be opened; else null. */
    sha256: maybe(text),
  });
export type FileIdentity = ValueOf<typeof identity>;

export const schema = () =>
  v.object({
    /** By name below the home, `.` for the home itself: what Coven's work rests on, and what is not as it should be. */
    files: by(identity()),
  });
export type Identities = ValueOf<typeof schema>;

const identityLimit = 1000;

/** Identities of what a repair may touch; asked for only where one is planned. What may not be looked at is left out. */
export async function take({ home, observe }: Look): Promise<Identities> {
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
