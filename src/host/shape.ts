import * as v from 'valibot';

/**
 * What schemas of observations are made of. Every text and every list has an end: a bundle may be anybody's. A schema is a
 * function, so that a diagnosis, which holds nothing against it, does not pay for making it.
 */

/**
 * What a text is, by which a bundle lets it through; redaction is in front of it. `text` may be anything, and stays only
 * where it is known to be harmless: of anything else its shape alone is told.
 */
export type TextKind =
  | 'text'
  | 'id'
  | 'decimal'
  | 'time'
  | 'name'
  | 'path'
  | 'identifier'
  | 'sql'
  | 'platform'
  | 'title'
  | 'payload'
  | 'message';

const longestText = 64 * 1024;
const longestList = 20_000;

const textOf = (kind: TextKind) => v.pipe(v.string(), v.maxLength(longestText), v.metadata({ kind }));

export const text = textOf('text');
/** Of a session, a run or a machine: told apart, and no more. */
export const id = textOf('id');
/** As it was read: a text of another form is told by its shape. */
export const time = textOf('time');
/** Of an entry of the home, below it. */
export const name = textOf('name');
/** A file of the operator's own, anywhere: who sits at the machine is told it. */
export const filePath = textOf('path');
/** Of a table or a column. */
export const identifier = textOf('identifier');
/** Of an error or a log: known messages stay. */
export const message = textOf('message');
/** Numbers of the kernel, which no user chooses. */
export const kernelNumber = textOf('decimal');
/** The same where JSON would round them and they are compared: device and inode. */
export const decimal = v.pipe(v.string(), v.regex(/^-?\d{1,30}$/), v.metadata({ kind: 'decimal' }));
/** A time that is counted from. */
export const instant = v.pipe(
  v.string(),
  v.maxLength(64),
  v.check((at) => Number.isFinite(Date.parse(at))),
  v.metadata({ kind: 'time' }),
);

export const number = v.pipe(v.number(), v.finite());
export const flag = v.boolean();
export const maybe = v.nullable;
export const oneOf = v.picklist;

export const list = <const S extends v.GenericSchema>(item: S, longest = longestList) =>
  v.pipe(v.array(item), v.maxLength(longest), v.readonly());

/** Values by a key that varies. */
export const by = <const S extends v.GenericSchema>(value: S, key = text) =>
  v.pipe(
    v.record(key, value),
    v.check((record) => Object.keys(record).length <= longestList),
  );

export const kind = oneOf(['file', 'directory', 'symlink', 'socket', 'fifo', 'device']);
export type Kind = (typeof kind.options)[number];
export const kindOrAbsent = oneOf(['absent', ...kind.options]);

/** What has a schema, as it is given to checks. */
export type ValueOf<Schema extends () => v.GenericSchema> = Frozen<v.InferOutput<ReturnType<Schema>>>;

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;
