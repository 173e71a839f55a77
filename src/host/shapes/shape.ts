import * as v from 'valibot';

/** What shapes of observations are made of. Every text and every list has an end: a bundle may be anybody's. */

const longestText = 64 * 1024;
const longestList = 20_000;

export const text = v.pipe(v.string(), v.maxLength(longestText));
export const number = v.pipe(v.number(), v.finite());
export const flag = v.boolean();
export const maybe = v.nullable;
export const oneOf = v.picklist;
/** Numbers that JSON would round: device, inode, ticks. */
export const decimal = v.pipe(v.string(), v.regex(/^-?\d{1,30}$/));
export const time = v.pipe(
  v.string(),
  v.maxLength(64),
  v.check((at) => Number.isFinite(Date.parse(at))),
);

export const list = <const S extends v.GenericSchema>(item: S, longest = longestList) =>
  v.pipe(v.array(item), v.maxLength(longest), v.readonly());

export const by = <const S extends v.GenericSchema>(value: S) =>
  v.pipe(
    v.record(text, value),
    v.check((record) => Object.keys(record).length <= longestList),
  );

export const kind = oneOf(['file', 'directory', 'symlink', 'socket', 'fifo', 'device']);
export const kindOrAbsent = oneOf(['absent', ...kind.options]);
