import type { FileHandle } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { inflated, readAt } from './bytes.ts';
import { atMost, type Limits, sizesWithin } from './limits.ts';
import { distinctNames, nameOf } from './names.ts';
import { BundleRefused, refusalOf } from './refused.ts';

// Source: RFC 1952, sections 2.2 and 2.3.
const gzipHeader = 10;
const gzipTrailer = 8;
/** The block size of a tar. Everything begins at a multiple of it, and two blocks of zeros end the archive. */
const block = 512;
/**
 * Bytes that may have gone into the tar's reader beyond the member that it told of last: what it has not looked at yet,
 * and zeros at the end. Headers that it keeps to itself may be 4 MiB each, and any number of them.
 */
const unread = 256 * 1024;

/**
 * The members of a gzipped tar, in their order. It must contain regular files with plain headers, then zeros, and nothing
 * after them. Throws BundleRefused.
 */
export async function readTgz(file: FileHandle, size: number, limits: Limits): Promise<ReadonlyMap<string, Buffer>> {
  if (size < gzipHeader + gzipTrailer) throw new BundleRefused('truncated');
  const head = await readAt(file, 0, gzipHeader);
  // Deflate, without the optional fields such as name and comment.
  if (head[2] !== 8 || head[3] !== 0) throw new BundleRefused('unsupported');
  const trailer = await readAt(file, size - gzipTrailer, gzipTrailer);

  const members = new Map<string, Buffer>();
  const distinct = distinctNames();
  const within = sizesWithin(limits);
  let sum = 0;
  let fed = 0;
  let lastByte = -1;
  /** Where the next header stands, after the data of the member that was told of last. */
  let next = 0;
  let dataEnd = 0;

  async function* unpacked(): AsyncGenerator<Buffer> {
    for await (const chunk of inflated(file, gzipHeader, size - gzipTrailer)) {
      if (fed > next + unread) throw new BundleRefused('stray-data');
      const last = chunk.findLastIndex((byte) => byte !== 0);
      if (last >= 0) lastByte = fed + last;
      fed += chunk.length;
      atMost(limits.ratio * size, fed, 'ratio');
      sum = crc32(chunk, sum);
      yield chunk;
    }
  }

  // Names are read as bytes. Decoding would change invalid UTF-8 before it is checked.
  const tar = extract({ filenameEncoding: 'latin1' } as object);
  let failure: unknown = null;
  pipeline(Readable.from(unpacked()), tar as unknown as NodeJS.WritableStream, (error) => {
    failure ??= error;
  });
  try {
    for await (const entry of tar) {
      const header = entry.header as Header & { readonly byteOffset: number };
      if (header.byteOffset !== next + block) throw new BundleRefused('stray-data');
      const name = memberName(header);
      within(header.size, name);
      distinct(name, header.type === 'file' ? 'file' : 'folder');
      dataEnd = header.byteOffset + header.size;
      atMost(limits.ratio * size, dataEnd, 'ratio', name);
      next = Math.ceil(dataEnd / block) * block;
      const bytes = Buffer.alloc(header.size);
      let length = 0;
      for await (const chunk of entry as AsyncIterable<Buffer>) length += chunk.copy(bytes, length);
      if (length !== bytes.length) throw new BundleRefused('truncated', { member: name });
      if (header.type === 'file') members.set(name, bytes);
    }
  } catch (error) {
    throw refusalOf(failure instanceof BundleRefused ? failure : error);
  }
  if (lastByte >= dataEnd) throw new BundleRefused('stray-data');
  if (fed < next + 2 * block) throw new BundleRefused('truncated');
  if (trailer.readUInt32LE(0) !== sum || trailer.readUInt32LE(4) !== fed) throw new BundleRefused('checksum');
  return members;
}

function memberName({ name: raw, type, linkname, size }: Header): string {
  const bytes = Buffer.from(raw, 'latin1');
  const folder = type === 'directory';
  const name = nameOf(folder && bytes.at(-1) === 0x2f ? bytes.subarray(0, -1) : bytes);
  if (type === 'link' || type === 'symlink' || linkname) throw new BundleRefused('link', { member: name });
  if (!folder && type !== 'file') throw new BundleRefused('not-regular', { member: name });
  if (folder && size > 0) throw new BundleRefused('not-regular', { member: name });
  return name;
}
