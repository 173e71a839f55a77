import { nameKind } from './names.ts';
import { makeRedactor, type Redactor } from './redactor.ts';
import { looksRandom } from './values.ts';

/** Built once: building its table takes longer than searching an environment. */
let rules: Redactor | undefined;

/** Variables that hold a folder (`PWD`), though their name elsewhere means a password. */
const folders = /^(?:OLD)?PWD$/;

/** Secrets of an environment: values under secret-like names, ones that look like a provider's token, passwords in URLs. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  rules ??= makeRedactor({});
  const { redact } = rules;
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (folders.test(name)) return [];
    const kind = nameKind(name);
    if (kind === 'strong' || kind === 'plural' || (kind === 'weak' && looksRandom(value))) return [value];
    const password = URL.canParse(value) ? decoded(new URL(value).password) : '';
    if (password !== '') return [password];
    return !/\s/.test(value) && Object.keys(redact(value).counts).length > 0 ? [value] : [];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
