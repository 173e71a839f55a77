/** The two comparisons of node:assert that yargs makes. The build puts them in its place. */
export function strictEqual(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`${String(actual)} is not ${String(expected)}`);
}

export function notStrictEqual(actual: unknown, unexpected: unknown, message?: string): void {
  if (Object.is(actual, unexpected)) throw new Error(message ?? `${String(actual)} is not expected`);
}
