import type { Value } from './record.ts';

/**
 * SQL of a column's text where it has at most `limit` characters, else of its length alone: a part of a longer one could
 * be a part of a secret, which no rule knows.
 */
export const whole = (column: string, limit: number, as = column): string =>
  `CASE WHEN typeof(${column}) = 'blob' THEN '‹text:' || length(${column}) || '›' WHEN length(${column}) <= ${limit} OR ${column} IS NULL THEN ${column} ELSE '‹text:' || length(${column}) || '›' END AS "${as}"`;

/** The same of a value that was read without SQL. */
export function wholeValue(value: Value | undefined, limit: number): Value {
  if (value === undefined || value === null) return null;
  const length = Buffer.isBuffer(value) ? value.length : [...String(value)].length;
  return Buffer.isBuffer(value) || length > limit ? `‹text:${length}›` : value;
}
