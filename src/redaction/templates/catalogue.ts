import { covenNames, covenStatements } from '../../coven/schema.ts';
import contract from './coven-contract.json' with { type: 'json' };
import coven from './coven-messages.json' with { type: 'json' };
import doctor from './doctor.json' with { type: 'json' };
import { type Piece, piecesOf, sign, skeletonOf } from './pieces.ts';
import platform from './platform.json' with { type: 'json' };
import sqlite from './sqlite.json' with { type: 'json' };
import system from './system.json' with { type: 'json' };

/** Its value, made when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Stands for a word that varies while a template is read; no message of anybody has it. */
const varying = 'zqvaryingqz';
const samples: Readonly<Record<string, string>> = {
  number: '0',
  path: '/x',
  id: '00000000-0000-0000-0000-000000000000',
  time: '2000-01-01T00:00:00Z',
  word: varying,
  name: varying,
};

/** `row {number} missing from index {name}` as the skeleton of every message that says so. */
function compiled(template: string): string {
  const sample = template.replace(/\{(\w+)\}/g, (whole, name) => samples[name] ?? whole);
  const pieces = piecesOf(sample).map((piece): Piece => (piece.text === varying ? { ...piece, kind: 'word' } : piece));
  return skeletonOf(pieces);
}

const errors = [...system.texts, ...system.node];

/** What Node adds to an error of the system: the call that failed, and on what. */
const calls = once(() =>
  system.syscalls.flatMap((call) => [`, ${call}`, `, ${call} '{path}'`, `, ${call} '{word}'`]).map(compiled),
);

/** Templates with every choice that they name: `the <tree> is gone` for each kind of tree. */
const each = (templates: readonly string[], choices: Readonly<Record<string, readonly string[]>>): readonly string[] =>
  templates.flatMap((template) => {
    const [mark, name] = /<(\w+)>/.exec(template) ?? [];
    const of = (name !== undefined && choices[name]) || null;
    return of && mark
      ? each(
          of.map((choice) => template.replace(mark, () => choice)),
          choices,
        )
      : [template];
  });

/** What Coven, SQLite, the operating system and coven-doctor say, as their sources have it. */
const sources = (): readonly string[] => [
  ...coven.messages,
  ...sqlite.texts,
  ...sqlite.integrity,
  ...errors,
  ...system.texts.map((text) => `${text} (os error {number})`),
  ...system.errnos,
  ...each(system.rust, system.choices),
  ...each(doctor.messages, doctor.choices),
  '{path}',
  '{time}',
  '{id}',
];

function beginningOf(text: string): string {
  let end = 0;
  while (isLetter(text.charCodeAt(end))) end += 1;
  return text.slice(0, end);
}
const isLetter = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);

/** Those that begin with the same word, as they are written and then, once one was asked for, without what varies in them. */
interface Group {
  readonly written: string[];
  readonly ofNode: string[];
  skeletons?: ReadonlySet<string>;
  beginnings?: readonly string[];
}

/** By the word that they begin with: a message that begins with another is none of them. */
const groups = once((): ReadonlyMap<string, Group> => {
  const found = new Map<string, Group>();
  const groupOf = (text: string): Group => {
    const word = beginningOf(text);
    const group = found.get(word) ?? { written: [], ofNode: [] };
    found.set(word, group);
    return group;
  };
  for (const text of sources()) groupOf(text).written.push(text);
  for (const text of system.node) groupOf(text).ofNode.push(text);
  return found;
});

/** Compiled by groups: all ten thousand templates take 30 ms. */
const skeletonsOf = (group: Group): ReadonlySet<string> => {
  group.skeletons ??= new Set([
    ...group.written.map(compiled),
    ...group.ofNode.map(compiled).flatMap((text) => calls().map((call) => text + call)),
  ]);
  return group.skeletons;
};

/** Whether the skeleton of a message is that of a template. */
export function isTemplate(skeleton: string): boolean {
  const group = groups().get(beginningOf(skeleton));
  return group !== undefined && skeletonsOf(group).has(skeleton);
}

/**
 * Whether a message begins as a template does, up to the first thing that varies in it: most lines of a log do not, and
 * are cut into no pieces.
 */
export function mayBeKnown(message: string): boolean {
  const group = groups().get(beginningOf(message));
  if (!group) return false;
  group.beginnings ??= beginningsOf(skeletonsOf(group));
  // None is the beginning of another: only the last one that is not behind the message in their order can be its own.
  let [low, high] = [0, group.beginnings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((group.beginnings[middle] ?? '') <= message) low = middle + 1;
    else high = middle;
  }
  return low > 0 && message.startsWith(group.beginnings[low - 1] ?? '');
}

/** What skeletons begin with before anything varies, in order, without those that begin with another of them. */
function beginningsOf(skeletons: ReadonlySet<string>): readonly string[] {
  const sorted = [...skeletons].map((skeleton) => skeleton.split(sign, 1)[0] ?? '').sort();
  const beginnings: string[] = [];
  for (const text of sorted) {
    const last = beginnings.at(-1);
    if (last === undefined || !text.startsWith(last)) beginnings.push(text);
  }
  return beginnings;
}

const sqliteCodes = sqlite.codes.flatMap((code) => [code, ...sqlite.suffixes.map((suffix) => `${code}_${suffix}`)]);

/** Single words that those programs use for states, codes and phases. */
export const words: ReadonlySet<string> = new Set([
  ...coven.phases,
  ...contract.values.filter((value) => value !== ''),
  ...contract.errorCodes,
  ...system.errnos,
  ...sqliteCodes,
  ...doctor.words,
]);

/** Keys of the answers of Coven's daemon; under any other stands nothing that is known. */
export const contractKeys: ReadonlySet<string> = new Set(contract.keys);

/** Tables, indexes, triggers and columns of Coven's ledger. */
export const isIdentifier = (text: string): boolean => identifiers().has(text.replace(ofTable, '$1'));
const identifiers = once((): ReadonlySet<string> => new Set([...covenNames(), ...doctor.identifiers]));
/** SQLite names an index that it makes after the table. */
const ofTable = /^sqlite_autoindex_(.+)_\d{1,4}$/;

/** Whether it is a statement of its schema, however its spaces are folded. */
export const isStatement = (sql: string): boolean => statements().has(folded(sql));
const statements = once((): ReadonlySet<string> => new Set(covenStatements().map(folded)));
const folded = (sql: string): string =>
  sql
    .replace(/\s+/g, ' ')
    .replace(/ ?([(),]) ?/g, '$1')
    .trim();

/** Names of folders that every machine has, of programs, and of file name endings. */
export const pathWords: ReadonlySet<string> = new Set(platform.folders);
export const programs: ReadonlySet<string> = new Set(platform.programs);
export const endings: ReadonlySet<string> = new Set(platform.endings);
/** Words in which a machine names its processor, its system and its kernel. */
export const hardware: ReadonlySet<string> = new Set(platform.hardware.map((word) => word.toLowerCase()));
/** Names of files in a home. */
export const fileNames: ReadonlySet<string> = new Set([...doctor.files, ...platform.folders]);
/** Keys of our own documents. */
export const ownKeys: ReadonlySet<string> = new Set(doctor.keys);
