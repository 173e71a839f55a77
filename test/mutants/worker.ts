/** Tries mutants one after another in a process of its own: one that loops for ever is ended from outside. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { evaluate } from './modules.ts';
import type { Mutant } from './mutate.ts';

const tables = process.argv.slice(2);

type Test = () => void | Promise<void>;

/** As much of vitest as tables use. */
function harness(tests: Test[]) {
  const one = (_: string, run: Test): unknown => tests.push(run);
  const each =
    (cases: readonly unknown[]) =>
    (_: string, run: (...values: readonly unknown[]) => void): void => {
      for (const values of cases) tests.push(() => run(...(Array.isArray(values) ? values : [values])));
    };
  const it = Object.assign(one, { each });
  const expect = (is: unknown) => ({
    toEqual: (was: unknown) => assert.deepEqual(is, was),
    toBe: (was: unknown) => assert.equal(is, was),
    toMatch: (how: RegExp) => assert.match(String(is), how),
    toBeNull: () => assert.equal(is, null),
    toThrow: (message: string) => assert.throws(is as Test, { message }),
    toContain: (part: string) => assert.ok(String(is).includes(part)),
    not: {
      toBe: (was: unknown) => assert.notEqual(is, was),
      toContain: (part: string) => assert.ok(!String(is).includes(part)),
    },
  });
  return { describe: (_: string, run: () => void): void => run(), it, test: it, expect };
}

/** What the tables say of the code, with one file replaced: the first thing that is wrong, or null. */
async function firstFault(replaced: { readonly file: string; readonly source: string } | null): Promise<string | null> {
  const tests: Test[] = [];
  try {
    for (const table of tables) evaluate(table, replaced, { vitest: harness(tests) });
    for (const run of tests) await run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const fault = await firstFault(null);
process.stdout.write(`${JSON.stringify({ ready: fault === null, fault })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { file, start, end, becomes } = JSON.parse(line) as Mutant;
  const source = readFileSync(file, 'utf8');
  const killed = (await firstFault({ file, source: source.slice(0, start) + becomes + source.slice(end) })) !== null;
  process.stdout.write(`${JSON.stringify({ killed })}\n`);
}
