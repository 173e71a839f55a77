import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import * as v from 'valibot';
import { daemonParticipant } from '../../coven/contract.ts';
import { gateNames } from '../../coven/layout.ts';
import { fieldsOf } from '../../json.ts';
import { isErrno, look as lookAt, modeOf, readStart, readThrough } from '../files.ts';
import type { Look } from '../look.ts';
import { lastNames, type Names } from '../names.ts';
import { filePath, id, kind, list, maybe, name, number, oneOf, type ValueOf } from '../shape.ts';
import { isRemote, type Mount, readMounts } from './home-filesystem.ts';

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
export type Lease = ValueOf<typeof lease>;

export const schema = () =>
  v.object({
    projects: list(
      v.object({
        path: filePath,
        /** `remote`: on a network file system, where a look could hang. */
        gate: oneOf(['none', 'read', 'unreadable', 'remote']),
        /** What its owner or mode closes to this user, and so to the Coven of this user. */
        closed: v.exactOptional(v.object({ path: filePath, uid: number, mode: number })),
        /** Who has fenced the project off for maintenance. */
        owner: maybe(lease()),
        writers: list(lease()),
        /** How many there are at least, where not all of them were read. */
        writersAtLeast: v.optional(number),
      }),
      1000,
    ),
  });
export type Leases = ValueOf<typeof schema>;

/** Coven's own are some 150 bytes. */
const leaseLimit = 16_384;
const writerLimit = 200;

type Project = Leases['projects'][number];

/** The maintenance gates of the projects that the newest sessions ran in. */
export async function take({ observe }: Look): Promise<Leases> {
  const { projects } = await observe('store.sessions');
  const mounts = readMounts();
  // Folders and work trees of one repository share its gate, which is told once.
  const gates = new Map<string, Project>();
  for (const path of projects.filter(isAbsolute)) {
    const git = await gitFolder(path, mounts ?? []);
    if (git !== null && !gates.has(git)) gates.set(git, await seeGate(path, git, mounts ?? []));
  }
  return { projects: [...gates.values()] };
}

async function seeGate(path: string, git: string, mounts: readonly Mount[]): Promise<Project> {
  const without = (gate: Project['gate']): Project => ({ path, gate, owner: null, writers: [] });
  if (isRemote(git, mounts)) return without('remote');
  const gate = join(git, gateNames.folder);
  try {
    if ((await lookAt(gate)) === null) return without('none');
    const isLease = (name: string): boolean => name.endsWith('.json');
    const found = await lastNames(join(gate, gateNames.writers), writerLimit, isLease).catch(absentAsEmpty);
    const [owner, ...writers] = await Promise.all([
      readLease(join(gate, gateNames.owner), gateNames.owner, 'owner_id'),
      ...found.names.map((name) => readLease(join(gate, gateNames.writers, name), name, 'id')),
    ]);
    const isWhole = found.complete && found.count <= writerLimit;
    const closed = owner?.state === 'unreadable' ? await closedFile(join(gate, gateNames.owner)) : null;
    return {
      ...(closed && { closed }),
      ...{ path, gate: 'read', owner, writers: writers.filter((writer) => writer !== null) },
      ...(!isWhole && { writersAtLeast: found.count }),
    };
  } catch {
    const closed = await closedAt([gate, join(gate, gateNames.writers)]);
    return { ...without('unreadable'), ...(closed && { closed }) };
  }
}

/** A file that is there and may not be read. */
async function closedFile(path: string): Promise<Project['closed'] | null> {
  const stat = await lookAt(path).catch(() => null);
  return stat && { path, uid: Number(stat.uid), mode: modeOf(stat) };
}

/** The first of these folders in which this user may not make a file. */
async function closedAt(folders: readonly string[]): Promise<Project['closed'] | null> {
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

/**
 * The folder that all work trees of the repository around `path` share, by its name alone where that is remote; null
 * where there is no repository. Source: gitrepository-layout(5).
 */
async function gitFolder(path: string, mounts: readonly Mount[]): Promise<string | null> {
  if (isRemote(path, mounts)) return path;
  const dotGit = join(path, '.git');
  const stat = await lookAt(dotGit).catch(() => null);
  if (stat?.isDirectory()) return dotGit;
  if (!stat?.isFile()) return path === dirname(path) ? null : gitFolder(dirname(path), mounts);
  const named = /^gitdir: (.+)$/m.exec(await firstText(dotGit))?.[1];
  if (named === undefined) return null;
  const own = resolve(path, named);
  if (isRemote(own, mounts)) return own;
  const shared = (await firstText(join(own, 'commondir'))).trim();
  return shared ? resolve(own, shared) : own;
}

async function firstText(path: string): Promise<string> {
  const reading = await readStart(path, 4096);
  return reading.state === 'read' ? reading.bytes.toString('utf8') : '';
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
