import { delimiter, isAbsolute } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What `npx` and `npm run` add for the command that they run: a daemon outlives it, and hands it to every harness. */
const ofNpm = /^(npm_|INIT_CWD$)/;
/** What a command that only asks a daemon to end can need. */
const ofUser = /^(HOME|USER|LOGNAME|SHELL|PATH|TMPDIR|LANG|LC_\w+|TZ|XDG_\w+|COVEN_\w+)$/;

/**
 * The environment that a daemon is started with: the user's, since a daemon hands it to the harnesses, and they need
 * keys, proxies and agents of his that nobody can list. Without relative folders of PATH, which would let the current
 * folder bring a program, and without what npm added.
 */
export const daemonEnvironment = (env: Environment, home: string): Record<string, string> =>
  pick(env, home, (name) => !ofNpm.test(name));

/** The environment of a command that starts no daemon: no key of a provider is in it. */
export const commandEnvironment = (env: Environment, home: string): Record<string, string> =>
  pick(env, home, (name) => ofUser.test(name));

function pick(env: Environment, home: string, wanted: (name: string) => boolean): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && wanted(name) ? [[name, value] as const] : [],
  );
  const path = (env.PATH ?? '').split(delimiter).filter(isAbsolute).join(delimiter);
  return { ...Object.fromEntries(kept), ...(env.PATH !== undefined && { PATH: path }), COVEN_HOME: home };
}
