import { join } from 'node:path';
import { readStart } from '../host/files.ts';
import type { Entries } from '../model/observation.ts';
import { secretsOf } from '../redaction/environment.ts';
import { isEmptyValue } from '../redaction/values.ts';
import { valuesIn } from './key-files.ts';

const shortest = 8;
const fileLimit = 64 * 1024;
const filesRead = 64;
/** Most bytes of all values together. Each value is searched for in about thirty forms, whose table grows with it. */
const totalLimit = 4 * 1024;
/** With more values, the search table would be larger than the texts. */
const mostCommon = 64;
/** If a value does not fit within the limit, this many of its first bytes must not be in a bundle. */
const headBytes = 32;

export interface Secrets {
  readonly values: readonly string[];
  /** Values that can occur by chance. They are removed where they stand alone, and never withhold a bundle. */
  readonly common: readonly string[];
  /** The first bytes of values that are too long or too many to be removed. A bundle that contains one is withheld. */
  readonly heads: readonly string[];
  /** Values that are not searched for. Only the redaction rules keep them out of the bundle. */
  readonly passedOver: number;
  /** Entries of `keys/` that were not read: symlinks and folders. */
  readonly unread: number;
}

/**
 * Values that must not be in a bundle in any form: those of secret-like environment variables and what the files of
 * `keys/` hold. They are held in memory only. `words` are ours, which a value may happen to be; `ownText` tells what stands
 * in our own program, and so in every bundle.
 */
export async function knownSecrets(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  entries: Pick<Entries, 'list'> | null,
  words: ReadonlySet<string>,
  ownText: () => Promise<(value: string) => boolean>,
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
  const all = [...new Set(wanted)];
  const isOurs = all.length > 0 ? await ownText() : () => false;
  const common = all.filter((value) => isCommon(value) || isOurs(value)).slice(0, mostCommon);
  const distinct = all.filter((value) => !common.includes(value)).toSorted((a, b) => a.length - b.length);
  const values = fitting(distinct, totalLimit);
  const beyond = distinct.slice(values.length);
  const heads = fitting(beyond.map(headOf), totalLimit / 2);
  const whole = read.filter((reading) => reading.state === 'read' && reading.size <= fileLimit);
  return { values, common, heads, passedOver: beyond.length - heads.length, unread: keys.length - whole.length };
}

/** A short text of one or two kinds of characters is more likely a word or a number than a secret. */
function isCommon(value: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(value)).length;
  return value.length < 12 && kinds < 3;
}

/** The first texts whose total is at most `limit` bytes. */
function fitting(texts: readonly string[], limit: number): readonly string[] {
  let left = limit;
  const end = texts.findIndex((text) => {
    left -= Buffer.byteLength(text);
    return left < 0;
  });
  return end < 0 ? texts : texts.slice(0, end);
}

const headOf = (value: string): string => value.slice(0, headBytes);
