import { gunzipSync } from 'node:zlib';

/** Unpacked bytes that one member may have. */
const largest = 512 * 1024 * 1024;
/** Compressed within compressed, escaped within escaped. */
const deepest = 3;

/** Other ways of packing, by first bytes that no text has: zip, bzip2, xz, zstd, 7z, compress, zlib. None is ever a member. */
const sealed =
  /^(?:PK\x03\x04|BZh[1-9]1AY&SY|\xfd7zXZ\x00|\x28\xb5\x2f\xfd|7z\xbc\xaf\x27\x1c|\x1f\x9d|\x78[\x01\x9c\xda])/;

/**
 * The readings of some bytes in which a secret may be seen: as they are, and what they are when unpacked, read as UTF-16 or
 * without entities, also one within another. Throws a RangeError where something in them cannot be looked into.
 */
export function* viewsOf(bytes: Buffer, depth = 0): Generator<Buffer> {
  if (sealed.test(bytes.toString('latin1', 0, 10))) throw new RangeError('packed in a way that cannot be looked into');
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    yield* readingsOf(bytes);
    return;
  }
  yield bytes;
  if (depth >= deepest) throw new RangeError(`compressed more than ${deepest} times`);
  yield* viewsOf(gunzipSync(bytes, { maxOutputLength: largest }), depth + 1);
}

/** What is still escaped below the deepest of them was made by nobody who reads it. */
function* readingsOf(bytes: Buffer, depth = 0): Generator<Buffer> {
  yield bytes;
  if (depth >= deepest) return;
  const plain = withoutEntities(bytes);
  for (const reading of [...widened(bytes), ...(plain ? [plain] : [])]) yield* readingsOf(reading, depth + 1);
}

/** Of UTF-16: whole by its mark; without one, or within other text, its ASCII, whatever the order of its bytes. */
function widened(bytes: Buffer): readonly Buffer[] {
  if (!bytes.includes(0)) return [];
  const order = { '\xff\xfe': 'utf-16le', '\xfe\xff': 'utf-16be' }[bytes.toString('latin1', 0, 2)];
  const narrow = bytes.filter((byte) => byte !== 0);
  return [...(order ? [Buffer.from(new TextDecoder(order).decode(bytes))] : []), Buffer.from(narrow)];
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** As a browser reads them: zeros before the number, and no semicolon behind it, are no hindrance. */
function withoutEntities(bytes: Buffer): Buffer | null {
  if (!bytes.includes('&')) return null;
  const text = bytes.toString();
  const plain = text.replace(
    /&(?:#0*(\d{1,7})(?!\d);?|#x0*([0-9a-f]{1,6})(?![0-9a-f]);?|(amp|lt|gt|quot|apos);)/gi,
    (whole, decimal, hex, name) => {
      if (name) return entities[name.toLowerCase()] ?? whole;
      const code = Number.parseInt(decimal ?? hex, decimal ? 10 : 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
  return plain === text ? null : Buffer.from(plain);
}

/**
 * Without what a wrapped base64 or hex has between its lines and groups: white space, colons, line ends that are escaped,
 * also more than once, and the `=` of a soft line end. Null where there is none of it.
 */
export function unfolded(bytes: Buffer): Buffer | null {
  const text = bytes.toString('latin1');
  const run = text.replace(/=\r?\n|[\s:]+|(?<!\\)\\+[nrt]/g, '');
  return run.length === text.length ? null : Buffer.from(run, 'latin1');
}
