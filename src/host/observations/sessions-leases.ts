import { realpath, statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { gateNames } from '../../coven/layout.ts';
import { askGit, gitReasons } from '../ask-git.ts';
import { look as lookAt } from '../files.ts';
import {
  foreignPart,
  isUnusual,
  isUnusualConfig,
  type Repository,
  repositoryAround,
  userConfigs,
} from '../git-repository.ts';
import type { Look } from '../look.ts';
import { textOfProc } from '../proc-file.ts';
import { seeGate, seenGate } from '../seen-gate.ts';
import { filePath, flag, list, maybe, name, number, oneOf, type ValueOf } from '../shape.ts';
import { type Mount, mountOf, readMounts } from './home-filesystem.ts';
import { holdersOf } from './home-locks.ts';

export const schema = () =>
  v.object({
    projects: list(
      v.object({
        path: filePath,
        ...seenGate(),
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
        /** The lock of its gate, where one process held it at every look; 0 is one that cannot be seen from here. */
        held: v.exactOptional(v.object({ path: filePath, pid: number, command: maybe(name), watchedMs: number })),
        /** The file system of its repository has no room for a lease. */
        full: v.exactOptional(flag),
        /** No session of the ledger ran in it: the doctor is run there. */
        here: v.exactOptional(flag),
      }),
      1000,
    ),
  });
export type Leases = ValueOf<typeof schema>;

type Project = Leases['projects'][number];
export type Lease = Project['writers'][number];

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
    const seen = git?.state === 'refuses' ? without : { path, ...(await seeGate(repository.shared, mounts)) };
    const full = !repository.remote && (await isFull(repository.shared, mounts));
    gates.set(repository.shared, { ...seen, ...(git && { git }), ...(full && { full }) });
  }
  // Where the doctor is run, the next session is launched: of that project only what refuses it is told.
  const here = currentFolder();
  const around = here === null ? null : await repositoryAround(here, mounts);
  if (here !== null && around !== null && !around.remote && !gates.has(around.shared)) {
    const git = await ask(here, around);
    const project: Project = { path: here, gate: 'none', owner: null, writers: [], here: true };
    if (git?.state === 'refuses') gates.set(around.shared, { ...project, git });
    else if (await isFull(around.shared, mounts)) gates.set(around.shared, { ...project, full: true });
  }
  const held = await watchLocks([...gates.keys()], look);
  return {
    projects: [...gates].map(([shared, project]) => {
      const holder = held.get(shared);
      return holder && project.gate === 'read' ? { ...project, held: holder } : project;
    }),
  };
}

/** Coven takes the lock of a gate for a moment, as it writes or removes a lease. */
const looks = { count: 10, pauseMs: 200 };

/** Locks of gates, by the folder of git, that one process keeps: while it does, Coven calls the maintenance state contended. */
async function watchLocks(
  shared: readonly string[],
  { signal, timeLeft, waits }: Look,
): Promise<ReadonlyMap<string, NonNullable<Project['held']>>> {
  const files = await Promise.all(
    shared.map(async (folder) => {
      const path = join(folder, gateNames.folder, 'lock');
      const stat = await lookAt(path).catch(() => null);
      return stat?.isFile() ? [{ folder, path, name: 'lock', dev: String(stat.dev), ino: String(stat.ino) }] : [];
    }),
  );
  const pidsOf = async (of: Parameters<typeof holdersOf>[0]) =>
    (await holdersOf(of)).map((holders) => holders.map(({ pid }) => pid));
  const all = files.flat();
  const first = await pidsOf(all);
  let left = all.flatMap((file, at) => (first[at] ?? []).slice(0, 1).map((pid) => ({ ...file, pid })));
  const start = performance.now();
  for (let look = 0; look < looks.count && left.length > 0 && timeLeft() > 2 * looks.pauseMs; look += 1) {
    await waits(sleep(looks.pauseMs, undefined, { signal }));
    const now = await pidsOf(left);
    left = left.filter(({ pid }, at) => now[at]?.includes(pid));
  }
  const watchedMs = Math.round(performance.now() - start);
  return new Map(
    left.map(({ folder, path, pid }) => [
      folder,
      { path, pid, command: pid > 0 ? (textOfProc(`/proc/${pid}/comm`)?.trim() ?? null) : null, watchedMs },
    ]),
  );
}

/** Null where it was removed. */
function currentFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

/**
 * Whether not a byte is left for this user where the gate lies, in which Coven writes a lease before each session. What is mounted
 * read-only, as an image, has no room by its nature: nobody works there.
 */
const isFull = async (folder: string, mounts: readonly Mount[]): Promise<boolean> => {
  const { options } = mountOf(await realpath(folder).catch(() => folder), mounts);
  if (options.includes('ro')) return false;
  return statfs(folder).then(
    ({ blocks, bavail }) => blocks > 0 && bavail === 0,
    () => false,
  );
};

type GitRefusal = NonNullable<Project['git']>;

/** Asks git where it could refuse a repository, as this user: of another one's git nothing is known. */
async function makeGitQuestion(look: Look) {
  const { env, observe, signal, waits } = look;
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
    const answer = await waits(askGit(path, env, signal));
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
