import { dirname, join, resolve } from 'node:path';
import { look, readStart, readThrough } from './files.ts';
import { isRemote, type Mount } from './observations/home-filesystem.ts';

/** A repository as git finds it from a folder in it. Source: gitrepository-layout(5). */
export interface Repository {
  /** The folder with `.git`. */
  readonly root: string;
  /** The folder of this work tree. */
  readonly own: string;
  /** The folder that all work trees share, where Coven keeps the gate; by the name of the project alone where that is remote. */
  readonly shared: string;
  readonly remote: boolean;
  /** `.git` is a file that names no folder. */
  readonly garbled: boolean;
}

/** The repository around `path`; null where there is none. */
export async function repositoryAround(path: string, mounts: readonly Mount[]): Promise<Repository | null> {
  const at = (own: string, shared = own) => ({ root: path, own, shared, remote: false, garbled: false });
  if (isRemote(path, mounts)) return { ...at(path), remote: true };
  const dotGit = join(path, '.git');
  const stat = await look(dotGit).catch(() => null);
  if (stat?.isDirectory()) return at(dotGit);
  if (!stat?.isFile()) return path === dirname(path) ? null : repositoryAround(dirname(path), mounts);
  const named = /^gitdir: (.+)$/m.exec(await firstText(dotGit))?.[1];
  if (named === undefined) return { ...at(dotGit), garbled: true };
  const own = resolve(path, named);
  if (isRemote(own, mounts)) return { ...at(own), remote: true };
  const shared = (await firstText(join(own, 'commondir'))).trim();
  return shared ? at(own, resolve(own, shared)) : at(own);
}

async function firstText(path: string): Promise<string> {
  const reading = await readStart(path, 4096);
  return reading.state === 'read' ? reading.bytes.toString('utf8') : '';
}

/** Who git takes for the owner of what its user may use: root is also who became root by sudo. Source: git-config(1), safe.directory. */
function ownersOf({ SUDO_UID }: Readonly<Record<string, string | undefined>>): readonly number[] {
  const me = process.geteuid?.() ?? -1;
  return me === 0 && SUDO_UID !== undefined ? [me, Number(SUDO_UID)] : [me];
}

/** What of a repository belongs to somebody else, so that git may refuse it; null where nothing does. */
export async function foreignPart(
  { root, own }: Repository,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly path: string; readonly uid: number } | null> {
  const owners = ownersOf(env);
  for (const path of [root, join(root, '.git'), own]) {
    const stat = await look(path).catch(() => null);
    if (stat && !owners.includes(Number(stat.uid))) return { path, uid: Number(stat.uid) };
  }
  return null;
}

/**
 * Whether git itself has to be asked about a repository that is its user's own: its configuration is not of the plain kind that git takes for
 * sure. Asking costs a process, and nearly every repository is plain.
 */
export const isUnusual = async ({ shared, garbled }: Repository): Promise<boolean> =>
  garbled || isUnusualConfig(join(shared, 'config'));

/** The configuration that git reads in every repository. Source: git-config(1), FILES. */
export function userConfigs({
  HOME,
  XDG_CONFIG_HOME,
}: Readonly<Record<string, string | undefined>>): readonly string[] {
  const folder = XDG_CONFIG_HOME || (HOME && join(HOME, '.config'));
  return [
    '/etc/gitconfig',
    ...(folder ? [join(folder, 'git', 'config')] : []),
    ...(HOME ? [join(HOME, '.gitconfig')] : []),
  ];
}

const configLimit = 64 * 1024;

/** Whether a configuration file is there and anything but plain: what git says of it is for git to say. */
export async function isUnusualConfig(path: string): Promise<boolean> {
  const reading = await readThrough(path, configLimit + 1);
  if (reading.state === 'absent') return false;
  if (reading.state !== 'read' || reading.bytes.length > configLimit) return true;
  return !isPlainConfig(reading.bytes.toString('utf8'));
}

const [blank, section, setting] = [
  /^[ \t]*(?:[#;].*)?$/,
  /^[ \t]*\[[A-Za-z0-9.-]+(?: "[^"\\]*")?\]$/,
  /^[ \t]*[A-Za-z][A-Za-z0-9-]*(?: ?= ?(?:[^"\\]|"[^"\\]*"|\\[\\"nt])*)?$/,
];

/** Sections, settings with closed quotes, blank lines and comments; no other format of repositories, and no other file. */
export function isPlainConfig(text: string): boolean {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  let began = false;
  for (const line of lines) {
    if (section.test(line)) began = true;
    else if (!blank.test(line) && !(began && setting.test(line))) return false;
    if (/^\s*\[(?:extensions|include)/i.test(line)) return false;
    if (/repositoryformatversion/i.test(line) && !/=\s*[01]\s*$/.test(line)) return false;
  }
  return true;
}
