import { join } from 'node:path';
import { readStart } from '../host/files.ts';
import type { Entries } from '../model/observation.ts';
import { secretsOf } from '../redaction/environment.ts';
import { isEmptyValue } from '../redaction/values.ts';
import { valuesIn } from './key-files.ts';

const shortest = 8;
const fileLimit = 64 * 1024;
const filesRead = 64;
/** Bytes of all values together: each is looked for in some thirty forms, whose table grows with them. */
const totalLimit = 4 * 1024;
/** More of them make the table of what is looked for larger than the texts. */
const mostCommon = 64;
/** Of a value that does not fit beside the others, so much must not be in a bundle. */
const headBytes = 32;

export interface Secrets {
  readonly values: readonly string[];
  /** Values that a text may hold by chance: they are taken out where they stand alone, and withhold nothing. */
  readonly common: readonly string[];
  /** How values begin that are too long, or too many, to be taken out: a bundle in which one is found is withheld. */
  readonly heads: readonly string[];
  /** Values that are not looked for at all: the rules alone stand between them and the bundle. */
  readonly passedOver: number;
  /** Entries of `keys/` whose content is not known: no symlink is followed, and no folder entered. */
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

/** A short text of one or two kinds of characters is a word or a number before it is a secret. */
function isCommon(value: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z\d]/].filter((kind) => kind.test(value)).length;
  return value.length < 12 && kinds < 3;
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
