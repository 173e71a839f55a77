import { homedir, hostname, userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { readStart } from '../host/files.ts';
import type { Named } from '../redaction/tokens.ts';

const passwdLimit = 1024 ** 2;
const configLimit = 1024 ** 2;
/** Most bytes of all project names together. Each is searched for in about nine forms, whose table grows with it. */
const projectBytes = 8 * 1024;

export interface NamedBy {
  readonly home: string;
  /** The real path of the home, if it differs from the path. */
  readonly realHome: string;
  readonly owner: number | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly projects: readonly string[];
  /** Our own words. A user with such a name is not identified by them. */
  readonly words: ReadonlySet<string>;
}

export interface Things {
  readonly named: readonly Named[];
  /** Projects beyond the limit, which are not searched for in every text. */
  readonly unnamed: ReadonlySet<string>;
}

/** Names that tokens replace: the home, its owner, the current user, their folders, this machine, the projects. */
export async function thingsOf({ home, realHome, owner, env, projects, words }: NamedBy): Promise<Things> {
  const accounts = await accountsOf(new Set([owner, process.getuid?.() ?? null]));
  const me = attempt(() => userInfo().username);
  const users = [...accounts.map(({ user }) => user), me, env.USER, env.LOGNAME, env.SUDO_USER];
  const folders = [...accounts.map(({ folder }) => folder), env.HOME, homedir(), folderOf(home)];
  const host = hostname();
  const parts = new Set([...words].flatMap((word) => [word, ...word.split(/[._-]/)]));
  const isOurs = (name: string): boolean => parts.has(name.toLowerCase());
  const paths = distinct([...projects, ...(await projectsOf(home))]).filter((path) => isAbsolute(path) && path !== '/');
  let left = projectBytes;
  const fitting = new Set(
    paths.filter((path) => {
      const size = Buffer.byteLength(path);
      if (size > left) return false;
      left -= size;
      return true;
    }),
  );
  const named: readonly Named[] = [
    { as: '<coven-home>', names: [...new Set([home, realHome])] },
    ...distinct(users)
      .filter((name) => !isOurs(name))
      .map((name) => ({ as: 'user' as const, names: [name] })),
    ...distinct(folders)
      .filter((folder) => isAbsolute(folder) && folder !== '/')
      .map((folder) => ({ as: 'home' as const, names: [folder] })),
    { as: 'host', names: distinct([host, host.split('.', 1)[0]]).filter((name) => !isOurs(name)) },
    ...[...fitting].map((path) => ({ as: 'project' as const, names: [path] })),
  ];
  return { named, unnamed: new Set(paths.filter((path) => !fitting.has(path))) };
}

const distinct = (names: readonly (string | undefined)[]): readonly string[] =>
  [...new Set(names.filter((name) => name !== undefined && name !== ''))] as readonly string[];

/** The parent folder of a user's home with the usual name. */
const folderOf = (home: string): string | undefined => (home.endsWith('/.coven') ? dirname(home) : undefined);

async function accountsOf(uids: ReadonlySet<number | null>): Promise<readonly { user: string; folder: string }[]> {
  const reading = await readStart('/etc/passwd', passwdLimit);
  const lines = reading.state === 'read' ? reading.bytes.toString('utf8').split('\n') : [];
  return lines
    .map((line) => line.split(':'))
    .filter(([, , uid]) => uid !== undefined && uid !== '' && uids.has(Number(uid)))
    .map(([user = '', , , , , folder = '']) => ({ user, folder }));
}

/** Quoted paths in `repos.toml`, even if it cannot be parsed. */
async function projectsOf(home: string): Promise<readonly string[]> {
  const reading = await readStart(join(home, 'repos.toml'), configLimit);
  if (reading.state !== 'read') return [];
  return [...reading.bytes.toString('utf8').matchAll(/["'](\/[^"'\n]{1,4095})["']/g)].map(([, path = '']) => path);
}

/** The `extra_patterns` of `privacy.toml`. If it cannot be parsed, everything that looks like one. */
export async function patternsOf(
  home: string,
): Promise<{ readonly patterns: readonly string[]; readonly unreadable: string | null }> {
  const reading = await readStart(join(home, 'privacy.toml'), configLimit);
  if (reading.state === 'absent') return { patterns: [], unreadable: null };
  if (reading.state !== 'read') return { patterns: [], unreadable: 'it cannot be read' };
  const text = reading.bytes.toString('utf8');
  try {
    const { parse } = await import('smol-toml');
    return { patterns: patternsIn(parse(text)), unreadable: null };
  } catch {
    const [, list = ''] = /extra_patterns\s*=\s*\[([\s\S]{0,65536})/.exec(text) ?? [];
    const quoted = [...list.matchAll(/'([^'\n]*)'?|"((?:[^"\\\n]|\\.)*)"?/g)];
    const patterns = quoted.map(([, literal, basic = '']) => literal ?? basic.replace(/\\(.)/g, '$1'));
    const wanted = patterns.filter((pattern) => pattern !== '');
    return { patterns: wanted, unreadable: 'it cannot be parsed; what looked like patterns in it was used' };
  }
}

/** Taken from anywhere in the file: a wrong pattern hides too much, but a missing one would show a secret. */
function patternsIn(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'extra_patterns' && Array.isArray(inner)
      ? inner.filter((pattern) => typeof pattern === 'string')
      : patternsIn(inner),
  );
}

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
