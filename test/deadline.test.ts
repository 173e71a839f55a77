import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { deadline, patience, within } from '../src/deadline.ts';

const file = fileURLToPath(import.meta.url);

/** Keeps this process from its work, as a busy machine does. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test.each([
  ['a deadline is over', deadline, 'late'],
  ['patience waits for the answer', patience, 'read'],
])('after a time in which nothing could be done, %s', async (_, limitOf, answer) => {
  const { signal } = new AbortController();
  const reading = readFile(file).then(() => 'read');
  const answered = within(reading, 1000, signal, () => 'late', limitOf);
  block(1500);
  expect(await answered).toBe(answer);
});

test('patience ends, too', async () => {
  const { signal } = new AbortController();
  expect(await within(new Promise(() => {}), 100, signal, () => 'late', patience)).toBe('late');
  const run = new AbortController();
  const answer = within(new Promise(() => {}), 60_000, run.signal, () => 'late', patience);
  run.abort();
  expect(await answer).toBe('late');
});
