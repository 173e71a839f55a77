import { readSync, writeSync } from 'node:fs';

/**
 * The requests of the parent, one a line, each when it is asked for; they end with the input. Reads synchronously: Node's streams
 * take longer to load than a small ledger takes to be read, and a program that waits for its next request has nothing else to do.
 */
export function* requests(): Generator<string> {
  const bytes = Buffer.alloc(65_536);
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const end = text.indexOf('\n');
    if (end >= 0) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
      continue;
    }
    const read = readSync(0, bytes);
    if (read === 0) return;
    text += decoder.decode(bytes.subarray(0, read), { stream: true });
  }
}

/** Writes an answer as one line. Throws where nobody reads it. */
export function answer(message: object): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
