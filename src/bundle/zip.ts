import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { bytesOf, inflated, readAt } from './bytes.ts';
import { atMost, type Limits, sizesWithin } from './limits.ts';
import { distinctNames, nameOf } from './names.ts';
import { BundleRefused, understood } from './refused.ts';

// Numbers as in PKWARE's APPNOTE 6.3.10.
const endBytes = 22;
const endSignature = 'PK\x05\x06';
const zip64Locator = 0x07064b50;
const descriptorSignature = 0x08074b50;
const flag = { encrypted: 0x2041, level: 0x06, descriptor: 0x08, utf8: 0x800 } as const;
const stored = 0;
const deflated = 8;
/** Extra fields that override the size or the name in their header. */
const overriding = new Set([0x0001, 0x7075]);
/** Most bytes of the directory for one member: far more than a name and times need. */
const directoryShare = 1024;

/** One member according to the central directory. Only this is kept of each of many members. */
interface Listed {
  readonly name: string;
  readonly entry: yauzl.Entry;
}

/**
 * The members of a zip, in the order of its directory. The archive must consist of its members, one after the other, and
 * one directory that agrees with their headers. Throws BundleRefused.
 */
export async function readZip(file: FileHandle, size: number, limits: Limits): Promise<ReadonlyMap<string, Buffer>> {
  const directory = await findDirectory(file, size, limits);
  // Closing it would also close the descriptor, which belongs to the caller.
  const zip = await understood(yauzl.fromFdPromise(file.fd, { autoClose: false, decodeStrings: false }));
  const listed = await understood(list(zip, size, limits));
  if (Number(zip.readEntryCursor) !== directory.end) throw new BundleRefused('headers-differ');

  const starts = new Map<Listed, number>();
  let at = 0;
  for (const member of listed.toSorted((a, b) => offsetOf(a) - offsetOf(b))) {
    if (offsetOf(member) !== at) throw new BundleRefused(offsetOf(member) < at ? 'overlap' : 'stray-data');
    const start = await understood(dataStart(zip, member));
    starts.set(member, start);
    at = start + member.entry.compressedSize;
    if (at > directory.start) throw new BundleRefused('overlap');
    at += await descriptorBytes(file, member, at);
  }
  if (at !== directory.start) throw new BundleRefused(at > directory.start ? 'overlap' : 'stray-data');

  const members = new Map<string, Buffer>();
  for (const member of listed) {
    if (!member.name.endsWith('/')) members.set(member.name, await unpack(file, member, starts.get(member) ?? 0));
  }
  return members;
}

const offsetOf = ({ entry }: Listed): number => entry.relativeOffsetOfLocalHeader;

/** Finds the central directory by the end record. Refuses an archive that would take too long before reading it. */
async function findDirectory(
  file: FileHandle,
  size: number,
  limits: Limits,
): Promise<{ readonly start: number; readonly end: number }> {
  const tail = Math.min(size, endBytes + 0xffff);
  const last = await readAt(file, size - tail, tail);
  const end = last.subarray(Math.max(0, tail - endBytes));
  if (end.length < endBytes || end.toString('latin1', 0, 4) !== endSignature)
    throw new BundleRefused(last.includes(endSignature, 0, 'latin1') ? 'stray-data' : 'truncated');
  if (end.readUInt16LE(20) !== 0) throw new BundleRefused('stray-data');
  const count = end.readUInt16LE(10);
  atMost(limits.members, count, 'too-many-members');
  const zip64 = tail >= endBytes + 20 && last.readUInt32LE(tail - endBytes - 20) === zip64Locator;
  if (zip64 || end.readUInt32LE(4) !== 0) throw new BundleRefused('unsupported');
  const start = end.readUInt32LE(16);
  const bytes = end.readUInt32LE(12);
  if (end.readUInt16LE(8) !== count || start + bytes !== size - endBytes) throw new BundleRefused('damaged');
  if (bytes > count * directoryShare) throw new BundleRefused('stray-data');
  return { start, end: size - endBytes };
}

async function list(zip: yauzl.ZipFile, size: number, limits: Limits): Promise<readonly Listed[]> {
  const listed: Listed[] = [];
  const distinct = distinctNames();
  const within = sizesWithin(limits);
  let total = 0;
  for await (const entry of zip.eachEntry()) {
    const name = memberName(entry);
    refuseUnusual(entry, name);
    within(entry.uncompressedSize, name);
    atMost(limits.ratio * entry.compressedSize, entry.uncompressedSize, 'ratio', name);
    if (name.endsWith('/')) distinct(name.slice(0, -1), 'folder');
    else distinct(name, 'file');
    listed.push({ name, entry });
    total += entry.uncompressedSize;
  }
  atMost(limits.ratio * size, total, 'ratio');
  return listed;
}

/** The name of an entry; that of a folder ends with `/`. */
function memberName({ fileNameRaw, generalPurposeBitFlag }: yauzl.Entry): string {
  const folder = fileNameRaw.at(-1) === 0x2f;
  const name = nameOf(folder ? fileNameRaw.subarray(0, -1) : fileNameRaw);
  // Without the UTF-8 flag, the bytes are in code page 437, and other programs would show another name.
  if (!(generalPurposeBitFlag & flag.utf8) && /[^\x20-\x7e]/.test(name))
    throw new BundleRefused('unsafe-name', { member: name });
  return folder ? `${name}/` : name;
}

function refuseUnusual(entry: yauzl.Entry, member: string): void {
  const { generalPurposeBitFlag: flags, compressionMethod: method, externalFileAttributes: attributes } = entry;
  const refuse = (code: BundleRefused['code']): never => {
    throw new BundleRefused(code, { member });
  };
  if (flags & flag.encrypted) refuse('encrypted');
  if (flags & ~(flag.level | flag.descriptor | flag.utf8)) refuse('unsupported');
  if (method !== stored && method !== deflated) refuse('unsupported');
  if (entry.fileCommentLength > 0) refuse('stray-data');
  if (entry.extraFields.some(({ id }) => overriding.has(id))) refuse('unsupported');
  // The upper half is the mode of a Unix file, whatever system is said to have made it; 0x10 is a folder of DOS.
  const type = (attributes >>> 16) & 0o170000;
  if (type === 0o120000) refuse('link');
  if (type !== 0 && type !== 0o100000 && type !== 0o040000) refuse('not-regular');
  const folder = member.endsWith('/');
  const saysFolder = type === 0o040000 || (attributes & 0x10) !== 0;
  if (folder ? type === 0o100000 : saysFolder) refuse('not-regular');
  if (folder && entry.compressedSize + entry.uncompressedSize > 0) refuse('not-regular');
}

/** Where the data of a member begins. Throws if its header differs from the directory. */
async function dataStart(zip: yauzl.ZipFile, { name, entry }: Listed): Promise<number> {
  const local = await zip.readLocalFileHeaderPromise(entry);
  const later = (entry.generalPurposeBitFlag & flag.descriptor) !== 0;
  const same = (here: number, there: number): boolean => here === there || (later && here === 0);
  const agree =
    local.fileName.equals(entry.fileNameRaw) &&
    local.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
    local.compressionMethod === entry.compressionMethod &&
    local.versionNeededToExtract === entry.versionNeededToExtract &&
    local.lastModFileDate === entry.lastModFileDate &&
    local.lastModFileTime === entry.lastModFileTime &&
    same(local.crc32, entry.crc32) &&
    same(local.compressedSize, entry.compressedSize) &&
    same(local.uncompressedSize, entry.uncompressedSize) &&
    !yauzl.parseExtraFields(local.extraField).some(({ id }) => overriding.has(id));
  if (!agree) throw new BundleRefused('headers-differ', { member: name });
  return local.fileDataStart;
}

/** Length of the data descriptor after the data, which repeats the sizes; 0 if there is none. */
async function descriptorBytes(file: FileHandle, { name, entry }: Listed, at: number): Promise<number> {
  if (!(entry.generalPurposeBitFlag & flag.descriptor)) return 0;
  const record = await readAt(file, at, 16);
  const signed = record.readUInt32LE(0) === descriptorSignature;
  const [crc, packed, size] = [0, 4, 8].map((offset) => record.readUInt32LE(offset + (signed ? 4 : 0)));
  if (crc !== entry.crc32 || packed !== entry.compressedSize || size !== entry.uncompressedSize)
    throw new BundleRefused('headers-differ', { member: name });
  return signed ? 16 : 12;
}

async function unpack(file: FileHandle, { name, entry }: Listed, start: number): Promise<Buffer> {
  const end = start + entry.compressedSize;
  const chunks = entry.compressionMethod === stored ? bytesOf(file, start, end) : inflated(file, start, end);
  const bytes = Buffer.alloc(entry.uncompressedSize);
  let length = 0;
  for await (const chunk of chunks) {
    if (length + chunk.length > bytes.length) throw new BundleRefused('headers-differ', { member: name });
    length += chunk.copy(bytes, length);
  }
  if (length !== bytes.length) throw new BundleRefused('headers-differ', { member: name });
  if (crc32(bytes) !== entry.crc32) throw new BundleRefused('checksum', { member: name });
  return bytes;
}
