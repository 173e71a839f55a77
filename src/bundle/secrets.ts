import { join } from 'node:path';
import { readStart } from '../host/files.ts';
import type { Entries } from '../observation.ts';
import { secretsOf } from '../redaction/environment.ts';
import { isEmptyValue } from '../redaction/values.ts';

const shortest = 8;
const fileLimit = 64 * 1024;
const filesRead = 64;
/** Bytes of all values together: each is looked for in some thirty forms, whose table grows with them. */
const totalLimit = 4 * 1024;
/** Of a value that does not fit beside the others, so much must not be in a bundle. */
const headBytes = 32;

export interface Secrets {
  readonly values: readonly string[];
  /** How values begin that are too long, or too many, to be taken out: a bundle in which one is found is withheld. */
  readonly heads: readonly string[];
  /** Values that are not looked for at all: the rules alone stand between them and the bundle. */
  readonly passedOver: number;
  /** Entries of `keys/` whose content is not known: no symlink is followed, and no folder entered. */
  readonly unread: number;
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
  const keys = (entries?.list ?? []).filter(({ name }) => name.startsWith('keys/'));
  const files = keys.filter(({ kind }) => kind === 'file');
  const read = await Promise.all(files.slice(0, filesRead).map(({ name }) => readStart(join(home, name), fileLimit)));
  const ofKeys = read.flatMap((reading) =>
    reading.state === 'read' && reading.size <= fileLimit ? valuesIn(reading.bytes) : [],
  );
  const wanted = [...secretsOf(env), ...ofKeys].filter(
    (value) => Buffer.byteLength(value) >= shortest && !words.has(value) && !isEmptyValue(value),
  );
  const distinct = [...new Set(wanted)].toSorted((a, b) => a.length - b.length);
  const values = fitting(distinct, totalLimit);
  const beyond = distinct.slice(values.length);
  const heads = fitting(beyond.map(headOf), totalLimit / 2);
  const whole = read.filter((reading) => reading.state === 'read' && reading.size <= fileLimit);
  return { values, heads, passedOver: beyond.length - heads.length, unread: keys.length - whole.length };
}

/** The first texts that have `limit` bytes together. */
function fitting(texts: readonly string[], limit: number): readonly string[] {
  let left = limit;
  const end = texts.findIndex((text) => {
    left -= Buffer.byteLength(text);
    return left < 0;
  });
  return end < 0 ? texts : texts.slice(0, end);
}

const headOf = (value: string): string => value.slice(0, headBytes);

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
