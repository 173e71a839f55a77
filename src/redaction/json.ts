import { parseJson } from '../json.ts';
import { nameKind } from './names.ts';
import { isEmptyValue, mark } from './values.ts';

/** Levels that a structure may have; what lies deeper is replaced whole. */
const deepest = 100;

/** The operations that redacting a structure needs. */
export interface JsonRedaction {
  readonly text: (text: string) => string;
  readonly count: (rule: string) => void;
}

/**
 * Redacts a value as JSON.parse gives it: under a secret-like key the whole value but for null and booleans, names too;
 * JSON inside strings is parsed, redacted and written again. Never throws; undefined stays.
 */
export function redactValue(value: unknown, redaction: JsonRedaction, depth = 0): unknown {
  if (typeof value === 'string') return redactString(value, redaction, depth);
  if (value === null || typeof value !== 'object') return value;
  if (depth >= deepest) return mark;
  if (Array.isArray(value)) return redactList(value, redaction, depth);
  const entries = Object.entries(value);
  const secretPair = namesSecret(value as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([key, inner]) => {
      const isSecret =
        hides(key, inner) || (secretPair && /^(?:value|val|content)$/i.test(key) && hides('secret', inner));
      if (isSecret) redaction.count('named-value');
      return [redaction.text(key), isSecret ? mark : redactValue(inner, redaction, depth + 1)];
    }),
  );
}

/** `--token`, `X` and their like: the item after a secret option is its value. */
function redactList(list: readonly unknown[], redaction: JsonRedaction, depth: number): readonly unknown[] {
  return list.map((item, index) => {
    const before = list[index - 1];
    const isValue =
      typeof before === 'string' &&
      typeof item === 'string' &&
      !item.startsWith('-') &&
      (/^--?[\w.-]+$/.test(before)
        ? nameKind(before.replace(/^-+/, '')) === 'strong'
        : list.length === 2 && /^[\w.-]+$/.test(before) && nameKind(before) === 'strong');
    if (!isValue || isEmptyValue(item)) return redactValue(item, redaction, depth + 1);
    redaction.count('named-value');
    return mark;
  });
}

function hides(key: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'boolean') return false;
  if (typeof value === 'string' && isEmptyValue(value)) return false;
  const kind = nameKind(key);
  if (kind === 'plural') return typeof value === 'object' && holdsText(value);
  return kind === 'strong' && !(typeof value === 'number' && /token$/i.test(key) && value < 100_000);
}

/** Whether a value holds text: numbers alone under `tokens` are counts, not secrets. */
function holdsText(value: object): boolean {
  return Object.values(value).some((inner) =>
    typeof inner === 'string' ? !isEmptyValue(inner) : typeof inner === 'object' && inner !== null && holdsText(inner),
  );
}

function namesSecret(value: Record<string, unknown>): boolean {
  const name = value.name ?? value.key ?? value.Name ?? value.Key;
  return typeof name === 'string' && /^[\w.-]{1,80}$/.test(name) && nameKind(name) === 'strong';
}

function redactString(text: string, redaction: JsonRedaction, depth: number): string {
  if (/^\s*[[{]/.test(text) && depth < deepest) {
    try {
      const inner = parseJson(text);
      if (typeof inner === 'object' && inner !== null) {
        const before = JSON.stringify(inner);
        const after = JSON.stringify(redactValue(inner, redaction, depth + 1));
        return before === after ? text : after;
      }
    } catch {
      // Not JSON: redacted as plain text.
    }
  }
  return redaction.text(text);
}
