import { askSystem } from './ask-system.ts';

const gitMs = 3000;
/** Git quotes what it refuses: of a repository of others, that is as long as they like. */
const saidLimit = 4096;

/** `refuses`: git ends with an error, with which Coven refuses the session; `unasked`: there is no git, or it did not end. */
export type GitAnswer =
  | { readonly is: 'takes' }
  | { readonly is: 'unasked' }
  | { readonly is: 'refuses'; readonly reason: GitReason };

/** Why git refuses a repository, and the start of what it then says, in the C locale. Source: git 2.39, setup.c and config.c. */
const reasons = [
  ['owner', /^fatal: detected dubious ownership/],
  ['gitfile', /^fatal: invalid gitfile format/],
  ['config', /^fatal: bad (?:config|boolean|numeric)/],
  ['format', /^fatal: (?:Expected git repo version|unknown repository extension)/],
] as const;
export const gitReasons = ['owner', 'gitfile', 'config', 'format', 'other'] as const;
type GitReason = (typeof gitReasons)[number];

/**
 * What git says of the repository around a folder, asked as Coven asks it before each session. It reads configuration and writes
 * nothing. A folder that is in no repository is no refusal: Coven then goes without a gate. Source: the system calls of `coven run`
 * of 0.4.6, and its answers with repositories that git refuses. Never rejects.
 */
export async function askGit(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<GitAnswer> {
  const { how, said } = await askSystem(
    'git',
    ['-C', folder, 'rev-parse', '--path-format=absolute', '--git-common-dir'],
    { stream: 'stderr', bytes: saidLimit, milliseconds: gitMs, signal, env: gitEnv(env) },
  );
  if (how === 0) return { is: 'takes' };
  if (typeof how !== 'number') return { is: 'unasked' };
  const first = said.split('\n')[0] ?? '';
  if (first.startsWith('fatal: not a git repository')) return { is: 'takes' };
  return { is: 'refuses', reason: reasons.find(([, words]) => words.test(first))?.[0] ?? 'other' };
}

/** What of our environment decides which configuration git reads, and whom it takes for the user. Source: git(1). */
const gitEnv = (env: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => ['HOME', 'XDG_CONFIG_HOME', 'SUDO_UID'].includes(name) || name.startsWith('GIT_CONFIG_'),
    ),
  );
