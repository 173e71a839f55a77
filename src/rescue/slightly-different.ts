/** Bytes in which something damaged and its sound copy may differ. More, and the one is no copy of the other. */
const differenceLimit = 16;

/** Whether two pieces of one length differ in at least one byte, and in a few at most. */
export function isSlightlyDifferent(one: Buffer, other: Buffer): boolean {
  if (one.length !== other.length || one.equals(other)) return false;
  let different = 0;
  for (let at = 0; at < one.length && different <= differenceLimit; at += 1) if (one[at] !== other[at]) different += 1;
  return different <= differenceLimit;
}
