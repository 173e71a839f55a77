import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { lockNames, names } from '../../coven/layout.ts';
import { type Attribute, attributes, attributesIn } from '../attributes.ts';
import { look as lookAt } from '../files.ts';
import { placeOfLedger } from '../ledger-place.ts';
import type { Look } from '../look.ts';
import { flag, list, maybe, name, number, oneOf, type ValueOf } from '../shape.ts';
import { tasksOf } from '../tasks.ts';
import { isNullThere, terminalsOf } from '../terminals.ts';

export const schema = () =>
  v.object({
    /**
     * What a start opens for writing, is there, and may not be written by this user: `EACCES` by its mode or owner, `EPERM` by an
     * attribute, `EROFS` by its mount. `.` is the home.
     */
    closed: list(
      v.object({
        name,
        code: oneOf(['EACCES', 'EPERM', 'EROFS']),
        /** Which attribute, where one is known. */
        attribute: v.exactOptional(oneOf(attributes)),
      }),
    ),
    /** `not-seen` where nobody told the attributes of these files. */
    attributes: v.exactOptional(oneOf(['not-seen'])),
    /** Limits that a daemon started from here would have; null where there is none, or it is not told. */
    limits: v.object({ openFiles: maybe(number), fileBytes: maybe(number), processes: maybe(number) }),
    /** What has no room here for the processes of a session, or will soon. */
    tasks: v.exactOptional(v.object({ used: number, limit: number, by: oneOf(['user', 'control-group']) })),
    /** Whether a session started from here finds a pseudo terminal. */
    terminals: v.exactOptional(oneOf(['none', 'used-up'])),
    /** /dev/null is no device. */
    withoutNull: v.exactOptional(flag),
  });
export type Access = ValueOf<typeof schema>;

const ledgerNames: readonly string[] = [names.ledger, names.wal, names.shm, names.journal];
/** Source: the system calls of a start of Coven 0.4.6. It does without its log. */
const written: readonly string[] = ['.', ...lockNames, ...ledgerNames];

type Closed = Access['closed'][number];

/** What a start removes or replaces, for which its mode does not count. */
const replaced: readonly string[] = [names.record];

/** Asks the kernel, which knows modes and mounts, and for the attributes of each, of which it tells only one by access(2). */
export async function take({ home, signal, waits }: Look): Promise<Access> {
  const attributes = await waits(attributesIn(home, [...written, ...replaced], signal));
  const closed = await Promise.all([
    ...written.map((name) => closedBy(home, name, attributes?.get(name))),
    ...replaced.map(async (name) => withAttribute(name, attributes?.get(name))),
  ]);
  const own = await limits();
  const [tasks, terminals] = [tasksOf(process.pid, own.processes), terminalsOf(process.pid)];
  return {
    closed: closed.filter((one) => one !== null),
    ...(attributes === null && { attributes: 'not-seen' }),
    limits: own,
    ...(tasks && { tasks: { used: tasks.used, limit: tasks.limit, by: tasks.by } }),
    ...(terminals !== null && terminals !== 'there' && { terminals }),
    ...(!isNullThere() && { withoutNull: true }),
  };
}

const withAttribute = (name: string, attribute: Attribute | undefined): Closed | null =>
  attribute === undefined ? null : { name, code: 'EPERM', attribute };

async function closedBy(home: string, name: string, attribute: Attribute | undefined): Promise<Closed | null> {
  const path = ledgerNames.includes(name)
    ? (await placeOfLedger(home)).main + name.slice(names.ledger.length)
    : join(home, name);
  const stat = await lookAt(path);
  // What is no file is told by the checks of the parts themselves.
  if (!stat || (name !== '.' && !stat.isFile())) return null;
  if (attribute !== undefined) return withAttribute(name, attribute);
  try {
    await access(path, constants.W_OK);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    return code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? { name, code } : null;
  }
}

async function limits(): Promise<Access['limits']> {
  const text = await readFile('/proc/self/limits', 'latin1').catch(() => '');
  const soft = (what: string): number | null => {
    const told = new RegExp(`^Max ${what}\\s+(\\d+)`, 'm').exec(text)?.[1];
    return told === undefined ? null : Number(told);
  };
  return { openFiles: soft('open files'), fileBytes: soft('file size'), processes: soft('processes') };
}
