import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { BundleRefused, refusalOf } from './refused.ts';

const chunkBytes = 64 * 1024;

/** The bytes of a file from `from` up to `to`. Throws BundleRefused if the file ends earlier. */
export async function* bytesOf(file: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const chunk = await readAt(file, at, Math.min(chunkBytes, to - at));
    at += chunk.length;
    yield chunk;
  }
}

/** Exactly `length` bytes of a file. Throws BundleRefused if the file ends earlier. */
export async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at).catch((error: unknown) => {
      throw refusalOf(error);
    });
    if (bytesRead === 0) throw new BundleRefused('truncated');
    at += bytesRead;
  }
  return bytes;
}

/**
 * Inflates the bytes of a file from `from` up to `to` on demand. Throws BundleRefused if they are not deflated, or if the
 * deflated data does not end at `to`: bytes after it would be hidden from every reader.
 */
export async function* inflated(file: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw();
  const packed = Readable.from(bytesOf(file, from, to));
  packed.on('error', (error) => inflate.destroy(error)).pipe(inflate);
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } catch (error) {
    throw refusalOf(error);
  } finally {
    packed.destroy();
    inflate.destroy();
  }
  if (inflate.bytesWritten !== to - from) throw new BundleRefused('stray-data');
}
