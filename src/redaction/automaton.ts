/** Finds many words in one pass. */
export interface Automaton {
  /** Calls `onHit` for each word that ends within `bytes`, in order of its end; ASCII letters match in either case. */
  readonly scan: (bytes: Uint8Array, onHit: (start: number, end: number, word: number) => void) => void;
}

const fold = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte);

/**
 * An Aho-Corasick automaton over bytes, as one dense table: a byte costs two look-ups however many words there are, so
 * that the time is linear in the text alone. Words are strings of bytes (latin1).
 */
export function makeAutomaton(words: readonly string[]): Automaton {
  const classes = new Uint8Array(256);
  let width = 1;
  for (const word of words)
    for (const char of word) {
      const byte = fold(char.charCodeAt(0));
      if (classes[byte] === 0) classes[byte] = width++;
    }
  for (let byte = 0x41; byte <= 0x5a; byte += 1) classes[byte] = classes[byte + 32] ?? 0;

  const size = 1 + words.reduce((sum, word) => sum + word.length, 0);
  const next = new Int32Array(size * width);
  const ends: number[][] = [[]];
  for (const [index, word] of words.entries()) {
    let state = 0;
    for (const char of word) {
      const edge = state * width + (classes[char.charCodeAt(0)] ?? 0);
      if (next[edge] === 0) next[edge] = ends.push([]) - 1;
      state = next[edge] ?? 0;
    }
    ends[state]?.push(index);
  }
  fail(next, width, ends);
  // States are kept as row offsets, so that the loop below adds and never multiplies.
  for (let edge = 0; edge < next.length; edge += 1) next[edge] = (next[edge] ?? 0) * width;
  const lengths = words.map((word) => word.length);
  const speaks = new Uint8Array(ends.length * width);
  for (const [state, found] of ends.entries()) speaks[state * width] = found.length > 0 ? 1 : 0;

  return {
    scan: (bytes, onHit) => {
      let state = 0;
      for (let index = 0; index < bytes.length; index += 1) {
        state = next[state + (classes[bytes[index] as number] as number)] as number;
        if (speaks[state] === 1)
          for (const word of ends[state / width] ?? []) onHit(index + 1 - (lengths[word] ?? 0), index + 1, word);
      }
    },
  };
}

/** Completes the table breadth first: where a word cannot go on, the longest suffix that is still a start of one does. */
function fail(next: Int32Array, width: number, ends: number[][]): void {
  const back = new Int32Array(ends.length);
  const queue: number[] = [];
  for (let letter = 0; letter < width; letter += 1) {
    const child = next[letter] ?? 0;
    if (child !== 0) queue.push(child);
  }
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head] ?? 0;
    const suffix = back[state] ?? 0;
    ends[state]?.push(...(ends[suffix] ?? []));
    for (let letter = 0; letter < width; letter += 1) {
      const child = next[state * width + letter] ?? 0;
      const other = next[suffix * width + letter] ?? 0;
      if (child === 0) next[state * width + letter] = other;
      else {
        back[child] = other;
        queue.push(child);
      }
    }
  }
}
