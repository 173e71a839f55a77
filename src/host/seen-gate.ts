import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { daemonParticipant } from '../coven/contract.ts';
import { gateNames } from '../coven/layout.ts';
import { type GateEntry, gateEntries } from '../coven/maintenance-gate.ts';
import { fieldsOf } from '../json.ts';
import { isErrno, kindOf, look as lookAt, modeOf, readThrough } from './files.ts';
import { lastNames, type Names } from './names.ts';
import { isRemote, type Mount } from './observations/home-filesystem.ts';
import { filePath, flag, id, kind, list, maybe, name, number, oneOf, type ValueOf } from './shape.ts';

/** One file of a project's maintenance gate. */
const lease = () =>
  v.object({
    name,
    state: oneOf(['valid', 'malformed', 'unreadable']),
    /** Of what is there and is no regular file. */
    kind: v.exactOptional(kind),
    /** Seconds since 1970, where it is valid. */
    expiresAt: maybe(number),
    /** The daemon's session that holds it; null for any other holder. */
    sessionId: maybe(id),
  });
type Lease = ValueOf<typeof lease>;

export const seenGate = () => ({
  /** `remote`: on a network file system, where a look could hang. */
  gate: oneOf(['none', 'read', 'unreadable', 'remote']),
  /** What its owner or mode closes to this user, and so to the Coven of this user. */
  closed: v.exactOptional(v.object({ path: filePath, uid: number, mode: number })),
  /** The first entry that is not what Coven opens there. */
  strange: v.exactOptional(
    v.object({
      path: filePath,
      expected: oneOf(['directory', 'file']),
      kind,
      /** It is a link that leads nowhere, or to itself. */
      nowhere: flag,
      links: number,
    }),
  ),
  /** Who has fenced the project off for maintenance. */
  owner: maybe(lease()),
  writers: list(lease()),
  /** How many there are at least, where not all of them were read. */
  writersAtLeast: v.optional(number),
});
type Seen = v.InferOutput<v.ObjectSchema<ReturnType<typeof seenGate>, undefined>>;

/** Coven's own are some 150 bytes. */
const leaseLimit = 16_384;
const writerLimit = 200;

/** What stands in the maintenance gate of a repository, whose folder of git is `git`. */
export async function seeGate(git: string, mounts: readonly Mount[]): Promise<Seen> {
  const without = (gate: Seen['gate']): Seen => ({ gate, owner: null, writers: [] });
  if (isRemote(git, mounts)) return without('remote');
  const gate = join(git, gateNames.folder);
  try {
    if ((await lookAt(gate)) === null) return without('none');
    for (const entry of gateEntries) {
      const strange = await strangeAt(join(gate, entry.name), entry);
      if (strange) return { ...without('read'), strange };
    }
    const isLease = (name: string): boolean => name.endsWith('.json');
    const found = await lastNames(join(gate, gateNames.writers), writerLimit, isLease).catch(absentAsEmpty);
    const [owner, ...writers] = await Promise.all([
      readLease(join(gate, gateNames.owner), gateNames.owner, 'owner_id'),
      ...found.names.map((name) => readLease(join(gate, gateNames.writers, name), name, 'id')),
    ]);
    const barred = await barredAt(gate);
    if (barred) return { ...without('read'), closed: barred };
    const isWhole = found.complete && found.count <= writerLimit;
    const closed = owner?.state === 'unreadable' ? await closedFile(join(gate, gateNames.owner)) : null;
    return {
      ...(closed && { closed }),
      ...{ gate: 'read', owner, writers: writers.filter((writer) => writer !== null) },
      ...(!isWhole && { writersAtLeast: found.count }),
    };
  } catch {
    const closed = await closedAt([gate, join(gate, gateNames.writers)]);
    return { ...without('unreadable'), ...(closed && { closed }) };
  }
}

/** A file that is there and may not be read. */
async function closedFile(path: string): Promise<Seen['closed'] | null> {
  const stat = await lookAt(path).catch(() => null);
  return stat && { path, uid: Number(stat.uid), mode: modeOf(stat) };
}

/** What is there and Coven opens for writing, and may not be written by this user. What is missing, it makes in the gate. */
async function barredAt(gate: string): Promise<Seen['closed'] | null> {
  const [writers, lock] = [join(gate, gateNames.writers), join(gate, 'lock')];
  const [hasWriters, hasLock] = await Promise.all([lookAt(writers), lookAt(lock)]);
  if (!hasWriters || !hasLock) {
    const closed = await closedAt([gate]);
    if (closed) return closed;
  }
  if (hasWriters && (await closedAt([writers]))) return closedAt([writers]);
  // Coven sets the mode of a lock of its own.
  const isOther = hasLock && Number(hasLock.uid) !== process.geteuid?.();
  const isBarred =
    isOther &&
    (await access(lock, constants.R_OK | constants.W_OK).then(
      () => false,
      () => true,
    ));
  return isBarred ? closedFile(lock) : null;
}

/** The first of these folders in which this user may not make a file. */
async function closedAt(folders: readonly string[]): Promise<Seen['closed'] | null> {
  for (const path of folders) {
    const stat = await lookAt(path).catch(() => null);
    const isClosed = await access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
      () => false,
      (error: unknown) => isErrno(error, 'EACCES'),
    );
    if (stat && isClosed) return { path, uid: Number(stat.uid), mode: modeOf(stat) };
  }
  return null;
}

/** An entry that Coven would not open, or not as what it is. */
async function strangeAt(path: string, entry: GateEntry): Promise<Seen['strange'] | null> {
  const { expected, accepted, followsLinks, single } = entry;
  const at = await lookAt(path);
  if (!at) return null;
  const links = Number(at.nlink);
  const of = (kind: ReturnType<typeof kindOf>, nowhere = false) => ({ path, expected, kind, nowhere, links });
  if (at.isSymbolicLink()) {
    if (!followsLinks) return of('symlink');
    const behind = await stat(path, { bigint: true }).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR') || isErrno(error, 'ELOOP')) return null;
      throw error;
    });
    if (!behind) return of('symlink', true);
    return accepted.includes(kindOf(behind)) ? null : of(kindOf(behind));
  }
  if (!accepted.includes(kindOf(at))) return of(kindOf(at));
  return single && links > 1 ? of(kindOf(at)) : null;
}

function absentAsEmpty(error: unknown): Names {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    return { names: [], count: 0, complete: true };
  throw error;
}

async function readLease(path: string, name: string, idKey: string): Promise<Lease | null> {
  const reading = await readThrough(path, leaseLimit + 1);
  const bad = (state: Lease['state']): Lease => ({ name, state, expiresAt: null, sessionId: null });
  if (reading.state === 'absent') return null;
  if (reading.state === 'unreadable') return bad('unreadable');
  if (reading.state === 'not-a-file') return { ...bad('malformed'), ...(reading.kind && { kind: reading.kind }) };
  if (reading.state !== 'read' || reading.bytes.length > leaseLimit) return bad('malformed');
  return parseLease(name, reading.bytes.toString('utf8'), idKey) ?? bad('malformed');
}

/** A lease as Coven 0.4.6 writes it; null for what it refuses as malformed. */
export function parseLease(name: string, text: string, idKey: string): Lease | null {
  const fields = fieldsOf(text);
  if (!fields) return null;
  const { [idKey]: id, generation, expires_at: expiresAt } = fields;
  if (typeof id !== 'string' || typeof generation !== 'string') return null;
  if (typeof expiresAt !== 'number' || !Number.isInteger(expiresAt)) return null;
  const sessionId = id.startsWith(daemonParticipant) ? id.slice(daemonParticipant.length) : null;
  return { name, state: 'valid', expiresAt, sessionId };
}
