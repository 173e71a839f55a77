import { closeSync, openSync, readSync } from 'node:fs';

const source = '/dev/urandom';

/** Random bytes of the system. Node's crypto takes a fiftieth of a diagnosis to load, so it is asked only where there is no such file. */
function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  try {
    const fd = openSync(source, 'r');
    try {
      if (readSync(fd, bytes, 0, count, null) === count) return bytes;
    } finally {
      closeSync(fd);
    }
  } catch {
    // A root folder without devices.
  }
  return process.getBuiltinModule('node:crypto').randomBytes(count);
}

/** So many random bytes as hexadecimal digits. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** A random UUID. Source: RFC 9562, version 4. */
export function randomUuid(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
