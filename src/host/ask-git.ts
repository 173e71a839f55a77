import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { deadline } from '../deadline.ts';
import { systemEnv, systemProgram } from '../programs.ts';

const gitMs = 3000;
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
  const limit = deadline(gitMs, signal);
  try {
    const child = spawn(
      systemProgram('git'),
      ['-C', folder, 'rev-parse', '--path-format=absolute', '--git-common-dir'],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...systemEnv, ...gitEnv(env) }, cwd: '/' },
    );
    const ended = new Promise<number | null>((resolve) => {
      child.on('error', () => resolve(null));
      child.on('close', (code) => resolve(code));
    });
    // Not by the option `signal`: one that could not be started has no number, and Node would signal whatever is in its place.
    limit.signal.addEventListener('abort', () => void (child.pid !== undefined && child.kill('SIGKILL')));
    const [said, code] = await Promise.all([child.stderr === null ? '' : text(child.stderr), ended]);
    if (code === 0) return { is: 'takes' };
    if (code === null) return { is: 'unasked' };
    const first = said.slice(0, saidLimit).split('\n')[0] ?? '';
    if (first.startsWith('fatal: not a git repository')) return { is: 'takes' };
    return { is: 'refuses', reason: reasons.find(([, words]) => words.test(first))?.[0] ?? 'other' };
  } catch {
    return { is: 'unasked' };
  } finally {
    limit.done();
  }
}

/** What of our environment decides which configuration git reads, and whom it takes for the user. Source: git(1). */
const gitEnv = (env: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => ['HOME', 'XDG_CONFIG_HOME', 'SUDO_UID'].includes(name) || name.startsWith('GIT_CONFIG_'),
    ),
  );
