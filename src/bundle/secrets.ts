import { join } from 'node:path';
import { readStart } from '../host/files.ts';
import type { Entries } from '../observation.ts';
import { nameKind } from '../redaction/names.ts';
import { makeRedactor } from '../redaction/redactor.ts';
import { isEmptyValue, looksRandom } from '../redaction/values.ts';

const shortest = 8;
const fileLimit = 64 * 1024;
const filesRead = 64;
/** Of all values together: each is looked for in some thirty forms, whose table grows with them. */
const totalLimit = 4 * 1024;

export interface Secrets {
  readonly values: readonly string[];
  /** Values that are not looked for one by one: the rules alone stand between them and the bundle. */
  readonly passedOver: number;
}

/**
 * Values that must not be in a bundle in any form: those of secret-like environment variables and what the files of
 * `keys/` hold. They are held in memory only. `words` are ours, which a value may happen to be.
 */
export async function knownSecrets(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  entries: Pick<Entries, 'list'> | null,
  words: ReadonlySet<string>,
): Promise<Secrets> {
  const files = (entries?.list ?? [])
    .filter(({ name, kind }) => name.startsWith('keys/') && kind === 'file')
    .slice(0, filesRead);
  const read = await Promise.all(files.map(({ name }) => readStart(join(home, name), fileLimit)));
  const ofKeys = read.flatMap((reading) => (reading.state === 'read' ? valuesIn(reading.bytes) : []));
  const wanted = [...ofEnvironment(env), ...ofKeys].filter(
    (value) => Buffer.byteLength(value) >= shortest && !words.has(value) && !isEmptyValue(value),
  );
  const values: string[] = [];
  const distinct = new Set(wanted);
  let left = totalLimit;
  for (const value of distinct) {
    left -= Buffer.byteLength(value);
    if (left < 0) break;
    values.push(value);
  }
  return { values, passedOver: distinct.size - values.length };
}

/** Values under secret-like names, values that look like a provider's token, and passwords within URLs. */
function ofEnvironment(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const { redact } = makeRedactor({});
  return Object.entries(env).flatMap(([name, value = '']) => {
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

/** A key file as a whole and word by word where it is text; else as bytes are written down. */
function valuesIn(bytes: Buffer): readonly string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    return [bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
  }
  const words = text.split(/[\s"'`,;:={}[\]()<>]+/).filter((word) => word.length >= 16 && !/^[A-Za-z-]+$/.test(word));
  return text.includes('\n') || /^[[{]/.test(text) ? words : [text, ...words];
}
