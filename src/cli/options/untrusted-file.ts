import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isInside } from '../../host/inside.ts';
import { UsageError } from '../../terminal/usage.ts';

export interface UntrustedFile {
  readonly text: string;
  readonly uid: number;
  /** Its group may write to it. */
  readonly shared: boolean;
}

/**
 * The text of a file that was named to us, at most `limit` bytes of UTF-8; null where there is none. It may be anybody's:
 * what is no regular file is not read, nor what everybody may write, nor what lies in the home that is judged. Throws a
 * UsageError that says so.
 */
export async function readUntrusted(path: string, home: string, limit: number): Promise<UntrustedFile | null> {
  const refuse = (why: string): never => {
    throw new UsageError(`${path}: ${why}`);
  };
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
      if (error.code === 'ELOOP' || error.code === 'ENXIO') return refuse('is not a regular file');
      return refuse(`cannot be read (${error.code})`);
    },
  );
  if (!handle) return null;
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) refuse('is not a regular file');
    if ((stat.mode & 0o002) !== 0) refuse('can be written by everybody; chmod o-w it first');
    if (await isInside(dirname(path), home)) refuse('lies in the Coven home that it is about; keep it elsewhere');
    const bytes = Buffer.alloc(limit + 1);
    let length = 0;
    while (length <= limit) {
      const { bytesRead } = await handle.read(bytes, length, limit + 1 - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > limit) refuse(`is larger than ${limit} bytes`);
    return {
      text: decode(bytes.subarray(0, length)) ?? refuse('is not UTF-8'),
      uid: stat.uid,
      shared: (stat.mode & 0o020) !== 0,
    };
  } finally {
    await handle.close();
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
