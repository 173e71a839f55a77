/**
 * Reads texts of others in a process of its own, which its parent can end at any moment and which has little memory: a
 * mistake here costs one observation. One request a line; the end of its input ends it.
 */
import { createInterface } from 'node:readline';
import { endWithParent } from '../child/end-with-parent.ts';
import { readText } from './read-text.ts';
import type { TextRequest } from './texts.ts';

endWithParent();

createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(readText(JSON.parse(line) as TextRequest))}\n`);
});
