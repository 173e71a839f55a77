/**
 * What Coven 0.4.6 expects in each of its configuration files, a path to each value; `*` is every entry. Other keys are ignored.
 * Source: its answers to files that have one value of another type each.
 */
export const expectable = ['whole-number', 'boolean', 'text', 'texts', 'table', 'tables'] as const;
export type Expected = (typeof expectable)[number];
interface Expectation {
  readonly key: string;
  readonly expected: Expected;
  readonly required?: true;
}

export const configShapes: Readonly<Record<string, readonly Expectation[]>> = {
  'privacy.toml': [
    { key: 'log_retention_days', expected: 'whole-number' },
    { key: 'raw_artifact_retention_days', expected: 'whole-number' },
    { key: 'persist_raw_artifacts', expected: 'boolean' },
    { key: 'extra_patterns', expected: 'texts' },
  ],
  'repos.toml': [
    { key: 'repos', expected: 'table' },
    { key: 'repos.*', expected: 'table' },
    { key: 'repos.*.path', expected: 'text', required: true },
  ],
  'familiars.toml': [
    { key: 'familiar', expected: 'tables' },
    ...['id', 'display_name', 'role', 'description'].map((key) => ({
      key: `familiar.*.${key}`,
      expected: 'text' as const,
      required: true as const,
    })),
  ],
};

/** Every key that is expected to be something. */
export const configKeys: readonly string[] = Object.values(configShapes).flatMap((shape) =>
  shape.map(({ key }) => key),
);

/** The first value that is not what Coven expects; null where all are. Whole numbers come as bigint, which tells 3 from 3.0. */
export function firstWrong(
  shape: readonly Expectation[],
  value: unknown,
): { key: string; expected: Expected; missing: boolean } | null {
  for (const { key, expected, required } of shape)
    for (const found of valuesAt(value, key.split('.'))) {
      const missing = found === undefined;
      if (missing ? required : !is(expected, found)) return { key, expected, missing };
    }
  return null;
}

function valuesAt(value: unknown, [first, ...rest]: readonly string[]): readonly unknown[] {
  if (first === undefined) return [value];
  // What is no table is told by the expectation of that.
  if (typeof value !== 'object' || value === null) return [];
  if (first === '*') return Object.values(value).flatMap((entry) => valuesAt(entry, rest));
  const next = Object.hasOwn(value, first) ? (value as Readonly<Record<string, unknown>>)[first] : undefined;
  return next === undefined && rest.length > 0 ? [] : valuesAt(next, rest);
}

const isTable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

function is(expected: Expected, value: unknown): boolean {
  switch (expected) {
    case 'whole-number':
      return typeof value === 'bigint' && value >= 0n;
    case 'boolean':
      return typeof value === 'boolean';
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'table':
      return isTable(value);
    case 'tables':
      return Array.isArray(value) && value.every(isTable);
  }
}
