/** Whether two texts of one length differ in one character: one of them may be the other with a damaged byte. */
export function isOneByteOff(word: unknown, other: unknown): boolean {
  if (typeof word !== 'string' || typeof other !== 'string' || word.length !== other.length) return false;
  let different = 0;
  for (let at = 0; at < word.length; at += 1) if (word[at] !== other[at]) different += 1;
  return different === 1;
}
