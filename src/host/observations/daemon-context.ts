import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { childSignal, gitVariables, logins, readVariables, retentionDays } from '../../coven/context.ts';
import { judgeLiveness } from '../../coven/liveness.ts';
import { livenessNeeds } from '../../model/needs.ts';
import { type Look, observeAll } from '../look.ts';
import { namespaceOf } from '../namespaces.ts';
import { textOfProc } from '../proc-file.ts';
import { pathOf, readEnviron } from '../procfs.ts';
import { filePath, flag, id, list, maybe, number, oneOf, text, type ValueOf } from '../shape.ts';
import { terminalsOf } from '../terminals.ts';
import { isRemote, readMounts } from './home-filesystem.ts';
import { programOn, unreadManifest } from './install.ts';

export const schema = () =>
  v.object({
    pid: maybe(number),
    /** It has mounts or processes of its own, as in a container: whoever gave it those chose the rest of it as well. */
    apart: flag,
    /** HOME of its environment; null where it has none, or that may not be seen. */
    home: maybe(
      v.object({
        path: filePath,
        folder: oneOf(['there', 'absent', 'unseen']),
        /** Harnesses with a login in the HOME from here, and none in that one. */
        withoutLogin: list(id),
      }),
    ),
    /** Variables that give git another repository, and whether they name it by an absolute path. */
    git: list(v.object({ name: oneOf(gitVariables), absolute: flag })),
    /** Whether a git that can be run is on its PATH, and on the one from here. */
    gitProgram: maybe(v.object({ there: flag, here: flag })),
    /** Days that it keeps events, and a daemon from here would. */
    retention: maybe(v.object({ days: number, here: number })),
    /** The manifest of harness adapters that its environment names, where it is no file that can be read. */
    manifest: maybe(v.object({ path: filePath, code: text })),
    ignoresChildren: maybe(flag),
    umask: maybe(number),
    uid: maybe(number),
    /** What it would find as it opens a pseudo terminal. */
    terminals: maybe(oneOf(['there', 'none', 'used-up'])),
    /** A project of the ledger that is there and that it does not see, among its own mounts; how many there are, and of how many. */
    unseen: v.exactOptional(maybe(v.object({ path: filePath, count: number, of: number }))),
    /** `own-without-route`: a network of its own that leads nowhere, where the one from here leads somewhere. */
    network: maybe(oneOf(['same', 'own', 'own-without-route'])),
  });
export type DaemonContext = ValueOf<typeof schema>;

const nothing: DaemonContext = {
  pid: null,
  apart: false,
  home: null,
  git: [],
  gitProgram: null,
  retention: null,
  manifest: null,
  ignoresChildren: null,
  umask: null,
  uid: null,
  terminals: null,
  network: null,
};

/** What the live daemon was started with and hands down to its sessions, as far as it may be seen. */
export async function take(look: Look): Promise<DaemonContext> {
  const { pid, verdict } = judgeLiveness(await observeAll(look, livenessNeeds));
  // Who listens in the place of a daemon launches nothing.
  if (pid === null || verdict === 'foreign') return { ...nothing, pid };
  const apart = ['mnt', 'pid'].some((kind) => namespaceOf(pid, kind) !== namespaceOf('self', kind));
  const environ = readEnviron(pid, readVariables);
  const lines = (textOfProc(`/proc/${pid}/status`) ?? '').split('\n');
  const field = (name: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${name}:`))
      ?.split(/\s+/)
      .at(1);
  const [ignored, umask, uid] = [field('SigIgn'), field('Umask'), field('Uid')];
  return {
    ...nothing,
    pid,
    apart,
    ...(environ && (await fromEnviron(pid, apart, environ, look, Number(uid) === process.geteuid?.()))),
    ignoresChildren: ignored === undefined ? null : (BigInt(`0x${ignored}`) & childSignal) !== 0n,
    umask: umask === undefined ? null : Number.parseInt(umask, 8),
    uid: uid === undefined ? null : Number(uid),
    terminals: terminalsOf(pid),
    network: networkOf(pid),
    ...(await unseenProjects(pid, look)),
  };
}

type Environ = Readonly<Record<string, string>>;

/** `isOurs`: it runs as this user, whose HOME should be its own. */
async function fromEnviron(pid: number, apart: boolean, environ: Environ, { env }: Look, isOurs: boolean) {
  const manifest = environ.COVEN_HARNESS_ADAPTER_MANIFEST;
  // A relative one counts from the daemon's folder.
  const isSeen = manifest !== undefined && isAbsolute(manifest);
  const unread = isSeen ? await unreadManifest(pathOf(pid, manifest)) : null;
  const git = gitVariables.filter((name) => environ[name] !== undefined);
  return {
    home:
      environ.HOME === undefined
        ? null
        : await homeOf(pid, environ.HOME, apart || !isOurs ? null : (env.HOME ?? null), environ),
    git: git.map((name) => ({ name, absolute: isAbsolute(environ[name] ?? '') })),
    // In a container PATH names other files than here.
    gitProgram:
      apart || environ.PATH === undefined
        ? null
        : { there: await programOn('git', environ.PATH), here: await programOn('git', env.PATH ?? '') },
    retention: {
      days: retentionDays(environ.COVEN_LOG_RETENTION_DAYS),
      here: retentionDays(env.COVEN_LOG_RETENTION_DAYS),
    },
    manifest: unread && manifest !== undefined ? { ...unread, path: manifest } : null,
  };
}

/** `here`: HOME from here; null where it is not to be compared. */
async function homeOf(pid: number, path: string, here: string | null, environ: Environ) {
  const mounts = readMounts() ?? [];
  const isSeen = isAbsolute(path) && !isRemote(path, mounts);
  const folder = isSeen ? await stateAt(pathOf(pid, path), true) : 'unseen';
  const compared =
    here !== null && isAbsolute(here) && here !== path && !isRemote(here, mounts) && folder !== 'unseen'
      ? Object.entries(logins)
      : [];
  const withoutLogin: string[] = [];
  for (const [id, { files, instead }] of compared) {
    if (instead.some((name) => environ[name] !== undefined)) continue;
    const [isHere, isThere] = [await isAnyThere(here ?? '', files), await isAnyThere(path, files)];
    if (isHere === true && isThere === false) withoutLogin.push(id);
  }
  return { path, folder, withoutLogin };
}

/** In the mount namespace of a daemon, as of a unit with `PrivateTmp=`, a folder that is here may not be. */
async function unseenProjects(pid: number, { observe }: Look): Promise<Pick<DaemonContext, 'unseen'>> {
  if (pathOf(pid, '/') === '/') return {};
  const sessions = await observe('store.sessions').catch(() => null);
  const mounts = readMounts() ?? [];
  const projects = sessions?.projects.filter((path) => isAbsolute(path) && !isRemote(path, mounts)) ?? [];
  const states = await Promise.all(
    projects.map(async (path) => [path, await stateAt(path, true), await stateAt(pathOf(pid, path), true)] as const),
  );
  const here = states.filter(([, ours]) => ours === 'there');
  const unseen = here.filter(([, , its]) => its === 'absent');
  const [first] = unseen;
  return first ? { unseen: { path: first[0], count: unseen.length, of: here.length } } : {};
}

async function stateAt(path: string, isFolder = false): Promise<'there' | 'absent' | 'unseen'> {
  try {
    const found = await stat(path);
    return isFolder && !found.isDirectory() ? 'absent' : 'there';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : 'unseen';
  }
}

/** Null where none is seen, and one may be there. */
async function isAnyThere(home: string, files: readonly string[]): Promise<boolean | null> {
  const found = await Promise.all(files.map((file) => stateAt(join(home, file))));
  if (found.includes('there')) return true;
  return found.includes('unseen') ? null : false;
}

function networkOf(pid: number): DaemonContext['network'] {
  const [its, ours] = [namespaceOf(pid, 'net'), namespaceOf('self', 'net')];
  if (its === null || ours === null) return null;
  if (its === ours) return 'same';
  return leadsSomewhere('self') && !leadsSomewhere(pid) ? 'own-without-route' : 'own';
}

/** A route over another interface than the loopback. Source: proc(5), /proc/PID/net. */
function leadsSomewhere(pid: number | 'self'): boolean {
  const four = (textOfProc(`/proc/${pid}/net/route`) ?? '').split('\n').slice(1);
  const six = (textOfProc(`/proc/${pid}/net/ipv6_route`) ?? '').split('\n');
  const interfaces = [
    ...four.map((line) => line.split(/\s+/)[0]),
    ...six.map((line) => line.trim().split(/\s+/).at(-1)),
  ];
  return interfaces.some((name) => name !== undefined && name !== '' && name !== 'lo');
}
