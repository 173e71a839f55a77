/** Variable-length integers of 1 to 9 bytes. Source: the SQLite file format, section 1.6. */

/** Where the integer at `at` ends. Reading beyond the buffer's end counts as zeros. */
export function varintEnd(bytes: Buffer, at: number): number {
  let end = at;
  while (end < at + 8 && (bytes[end] ?? 0) >= 0x80) end += 1;
  return end + 1;
}

/** Its value as a signed 64-bit integer: exact up to 2^53, rounded beyond. */
export function varint(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return first;
  const end = varintEnd(bytes, at);
  if (end - at > 7) return Number(bigVarint(bytes, at));
  let value = 0;
  for (let index = at; index < end; index += 1) value = value * 128 + ((bytes[index] ?? 0) & 0x7f);
  return value;
}

/** Its exact value. */
export function bigVarint(bytes: Buffer, at: number): bigint {
  const end = varintEnd(bytes, at);
  let value = 0n;
  for (let index = at; index < end; index += 1) {
    const byte = BigInt(bytes[index] ?? 0);
    // The ninth byte gives all of its 8 bits.
    value = index === at + 8 ? (value << 8n) | byte : (value << 7n) | (byte & 0x7fn);
  }
  return BigInt.asIntN(64, value);
}
