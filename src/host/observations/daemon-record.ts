import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { recordLimitBytes } from '../../coven/contract.ts';
import { names } from '../../coven/layout.ts';
import { fieldsOf } from '../../json.ts';
import { isErrno, readThrough } from '../files.ts';
import type { Look } from '../look.ts';
import { filePath, flag, kind, maybe, number, oneOf, time, type ValueOf } from '../shape.ts';

export const schema = () =>
  v.object({
    state: oneOf([
      'absent',
      'valid',
      'invalid',
      'too-large',
      'not-utf8',
      'not-a-file',
      'unreadable',
      'pid-out-of-range',
    ]),
    /** Of what is there and is no regular file, behind any link. */
    kind: v.exactOptional(kind),
    pid: maybe(number),
    startedAt: maybe(time),
    /** The recorded socket is this home's. */
    socketIsOurs: maybe(flag),
    bytes: maybe(number),
    /** The folder of the recorded socket, where that is not this home's and nothing is at its path. */
    namedFolder: v.exactOptional(filePath),
  });
export type DaemonRecord = ValueOf<typeof schema>;

/** daemon.json, judged by the limits that Coven judges it by. */
export async function take({ home, observe }: Look): Promise<DaemonRecord> {
  const entry = (await observe('home.entries')).list.find(({ name }) => name === names.record);
  const base = {
    pid: null,
    startedAt: null,
    socketIsOurs: null,
    bytes: entry?.size ?? null,
  };
  const reading = await readThrough(join(home, names.record), recordLimitBytes + 1);
  if (reading.state !== 'read') return { ...base, state: reading.state, ...(reading.kind && { kind: reading.kind }) };
  if (reading.bytes.length > recordLimitBytes) return { ...base, state: 'too-large' };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(reading.bytes);
  } catch {
    return { ...base, state: 'not-utf8' };
  }
  const record = parseRecord(text);
  if (!record) return { ...base, state: 'invalid' };
  if (record.pid > largestPid) return { ...base, ...record, state: 'pid-out-of-range' };
  const socketIsOurs = await isOurs(record.socket, home);
  const isGone = !socketIsOurs && isAbsolute(record.socket) && (await isAbsent(record.socket));
  return {
    ...base,
    pid: record.pid,
    startedAt: record.startedAt,
    state: 'valid',
    socketIsOurs,
    ...(isGone && { namedFolder: dirname(record.socket) }),
  };
}

/** Coven 0.4.6 keeps a pid in 32 bits and asks the kernel with one bit less: on a larger one every command refuses. */
const largestPid = 0x7fff_ffff;

/** pid (an unsigned 32-bit number), startedAt and socket; null for anything that Coven takes for no record. */
export function parseRecord(text: string): { pid: number; startedAt: string; socket: string } | null {
  const fields = fieldsOf(text);
  if (!fields) return null;
  const { pid, startedAt, socket } = fields;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 0 || pid > 0xffff_ffff) return null;
  return typeof startedAt === 'string' && typeof socket === 'string' ? { pid, startedAt, socket } : null;
}

const isAbsent = (path: string): Promise<boolean> =>
  stat(path).then(
    () => false,
    (error: unknown) => isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR'),
  );

async function isOurs(recorded: string, home: string): Promise<boolean> {
  const canonical = await realpath(home).catch(() => home);
  if (recorded === join(home, names.socket) || recorded === join(canonical, names.socket)) return true;
  try {
    const [a, b] = await Promise.all([recorded, join(home, names.socket)].map((path) => stat(path, { bigint: true })));
    return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false;
  }
}
