import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { oddName, oddNames, oddParts } from '../../coven/home-name.ts';
import { names } from '../../coven/layout.ts';
import { kindOf, look, modeOf } from '../files.ts';
import type { Look } from '../look.ts';
import { decimal, filePath, flag, kindOrAbsent, maybe, number, oneOf, type ValueOf } from '../shape.ts';

export const schema = () =>
  v.object({
    path: filePath,
    source: oneOf(['option', 'environment', 'default']),
    kind: kindOrAbsent,
    utf8: flag,
    /** What in the path was meant to be replaced or taken away. Decided here: whatever is redacted has another name. */
    odd: v.optional(v.object({ code: oneOf(oddNames), part: oneOf(oddParts), meant: maybe(filePath) })),
    /** Bytes of `<coven-home>/coven.sock`, canonical where the home exists, as Coven binds it. */
    socketPathBytes: number,
    mode: maybe(number),
    uid: maybe(number),
    /** Device and inode as decimal text: inodes pass 2^53. */
    dev: maybe(decimal),
    ino: maybe(decimal),
    listable: flag,
    /** Of an absent home: it can be made, in the nearest folder above it that there is. */
    writable: flag,
  });
export type Home = ValueOf<typeof schema>;

export async function take({ home, source }: Look): Promise<Home> {
  const stat = await look(home);
  const canonical = stat ? await realpath(home).catch(() => home) : home;
  const may = (mode: number, path = home): Promise<boolean> =>
    access(path, mode).then(
      () => true,
      () => false,
    );
  const odd = oddName(home);
  return {
    path: home,
    source,
    kind: stat ? kindOf(stat) : 'absent',
    // Node decodes an environment that is not UTF-8 with replacement characters.
    utf8: !home.includes('\ufffd'),
    ...(odd && { odd }),
    socketPathBytes: Buffer.byteLength(join(canonical, names.socket)),
    mode: stat && modeOf(stat),
    uid: stat && Number(stat.uid),
    dev: stat && String(stat.dev),
    ino: stat && String(stat.ino),
    listable: stat !== null && (await may(constants.R_OK | constants.X_OK)),
    // Coven makes the folders above a home as well; seen on 0.4.6.
    writable: stat ? await may(constants.W_OK) : await may(constants.W_OK | constants.X_OK, `${await above(home)}/.`),
  };
}

/** The nearest thing above a path that there is. */
export async function above(path: string): Promise<string> {
  let at = dirname(path);
  while (at !== dirname(at) && !(await look(at))) at = dirname(at);
  return at;
}
