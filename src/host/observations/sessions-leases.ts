import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { daemonParticipant } from '../../coven/contract.ts';
import { gateNames } from '../../coven/layout.ts';
import { type GateEntry, gateEntries } from '../../coven/maintenance-gate.ts';
import { fieldsOf } from '../../json.ts';
import { askGit, gitReasons } from '../ask-git.ts';
import { isErrno, kindOf, look as lookAt, modeOf, readThrough } from '../files.ts';
import {
  foreignPart,
  isUnusual,
  isUnusualConfig,
  type Repository,
  repositoryAround,
  userConfigs,
} from '../git-repository.ts';
import type { Look } from '../look.ts';
import { lastNames, type Names } from '../names.ts';
import { filePath, flag, id, kind, list, maybe, name, number, oneOf, type ValueOf } from '../shape.ts';
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
        /** Git ends with an error in this project, so that Coven refuses every session; or it had to be asked, and was not. */
        git: v.exactOptional(
          v.object({
            state: oneOf(['refuses', 'unasked']),
            reason: oneOf(gitReasons),
            root: filePath,
            /** What of it is not this user's. */
            foreign: maybe(v.object({ path: filePath, uid: number })),
          }),
        ),
        /** The file system of its repository has no room for a lease. */
        full: v.exactOptional(flag),
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

/** Asking git costs a process each, and another error than the one before is rare. */
const gitQuestions = 8;

/** The maintenance gates of the projects that the newest sessions ran in. */
export async function take(look: Look): Promise<Leases> {
  const { projects } = await look.observe('store.sessions');
  const mounts = readMounts() ?? [];
  // Folders and work trees of one repository share its gate, which is told once.
  const gates = new Map<string, Project>();
  const ask = await makeGitQuestion(look);
  for (const path of projects.filter(isAbsolute)) {
    const repository = await repositoryAround(path, mounts);
    if (repository === null || gates.has(repository.shared)) continue;
    const git = repository.remote ? null : await ask(path, repository);
    const without: Project = { path, gate: 'none', owner: null, writers: [] };
    const seen = git?.state === 'refuses' ? without : await seeGate(path, repository.shared, mounts);
    gates.set(repository.shared, { ...seen, ...(git && { git }) });
  }
  // Where the doctor is run, the next session is launched: of that project only what refuses it is told.
  const here = currentFolder();
  const around = here === null ? null : await repositoryAround(here, mounts);
  if (here !== null && around !== null && !around.remote && !gates.has(around.shared)) {
    const git = await ask(here, around);
    const project: Project = { path: here, gate: 'none', owner: null, writers: [] };
    if (git?.state === 'refuses') gates.set(around.shared, { ...project, git });
    else if (await isFull(around.shared)) gates.set(around.shared, { ...project, full: true });
  }
  return { projects: [...gates.values()] };
}

/** Null where it was removed. */
function currentFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

/** Whether not a byte is left for this user where the gate lies, in which Coven writes a lease before each session. */
const isFull = (folder: string): Promise<boolean> =>
  statfs(folder).then(
    ({ blocks, bavail }) => blocks > 0 && bavail === 0,
    () => false,
  );

type GitRefusal = NonNullable<Project['git']>;

/** Asks git where it could refuse a repository, as this user: of another one's git nothing is known. */
async function makeGitQuestion(look: Look) {
  const { env, observe, signal } = look;
  const [home, machine] = [await observe('home'), await observe('machine')];
  const isOwner = machine.uid === home.uid;
  // What git takes of the user's configuration in one project, it takes in the others.
  let isOdd = isOwner && (await Promise.all(userConfigs(env).map(isUnusualConfig))).includes(true);
  let left = gitQuestions;
  return async (path: string, repository: Repository): Promise<GitRefusal | null> => {
    if (!isOwner || left === 0) return null;
    const foreign = await foreignPart(repository, env);
    if (!foreign && !isOdd && !(await isUnusual(repository))) return null;
    left -= 1;
    const answer = await askGit(path, env, signal);
    if (answer.is === 'takes') {
      isOdd = false;
      return null;
    }
    const about = { root: repository.root, foreign };
    return answer.is === 'refuses'
      ? { state: 'refuses', reason: answer.reason, ...about }
      : { state: 'unasked', reason: 'other', ...about };
  };
}

async function seeGate(path: string, git: string, mounts: readonly Mount[]): Promise<Project> {
  const without = (gate: Project['gate']): Project => ({ path, gate, owner: null, writers: [] });
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

/** What is there and Coven opens for writing, and may not be written by this user. What is missing, it makes in the gate. */
async function barredAt(gate: string): Promise<Project['closed'] | null> {
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

/** An entry that Coven would not open, or not as what it is. */
async function strangeAt(path: string, entry: GateEntry): Promise<Project['strange'] | null> {
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
