/** Characters that may be read of a line for each that it has: honest lines take fewer than three. */
const perCharacter = 32;
/** And for its length alone, so that a short line may be read as often as it asks. */
const perLine = 16 * 1024;

/** A line that would take more than linear time: what was not read of it yet is to be dropped whole. */
export class TooCostly extends Error {}

let left = Number.POSITIVE_INFINITY;

/** Reading that many characters is paid for. Throws TooCostly where the line that is being read has had its share. */
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
