/** Characters that may be read for each character of a line. Ordinary lines take fewer than three. */
const perCharacter = 32;
/** Characters that may be read of any line in addition, so that a short one does not run out. */
const perLine = 16 * 1024;

/** A line would take more than linear time. The rest of it is dropped, because nobody knows what it holds. */
export class TooCostly extends Error {}

let left = Number.POSITIVE_INFINITY;

/** Counts characters that are about to be read. Throws TooCostly if the line has used up its budget. */
export function spend(characters: number): void {
  left -= characters;
  if (left < 0) throw new TooCostly();
}

/**
 * Runs what reads a line of `length` characters, from many places of it and maybe far from each: a value that does not end
 * is read to the end of the line wherever one may begin. Returns null where that took more than a constant for each character.
 */
export function withinBudget<T>(length: number, read: () => T): T | null {
  const outer = left;
  left = length * perCharacter + perLine;
  try {
    return read();
  } catch (error) {
    if (error instanceof TooCostly) return null;
    throw error;
  } finally {
    left = outer;
  }
}
