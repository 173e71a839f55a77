import { statfs } from 'node:fs/promises';
import * as v from 'valibot';
import type { Look } from '../look.ts';
import { number, type ValueOf } from '../shape.ts';
import { above } from './home.ts';

export const schema = () =>
  v.object({
    freeBytes: number,
    totalBytes: number,
    freeInodes: number,
    /** 0 where the file system has no inode limit. */
    totalInodes: number,
  });
export type Disk = ValueOf<typeof schema>;

/** Space of the file system that holds the home, or would hold it. */
export async function take({ home, observe }: Look): Promise<Disk> {
  const path = (await observe('home')).kind === 'absent' ? await above(home) : home;
  const fs = await statfs(path, { bigint: true });
  return {
    // What an unprivileged process may use, without the blocks kept for root.
    freeBytes: Number(fs.bavail * fs.bsize),
    totalBytes: Number(fs.blocks * fs.bsize),
    freeInodes: Number(fs.ffree),
    totalInodes: Number(fs.files),
  };
}
