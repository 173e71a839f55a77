import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { markers } from '../coven/contract.ts';
import type { Home, Process } from '../model/observation.ts';
import { hasDeadTerminal, pathOf, type Stat } from './procfs.ts';

/** Everything about a process that is read before it is known whether it has to do with this home. */
export interface Candidate extends Stat {
  readonly argv: readonly string[];
  readonly environ: Readonly<Record<string, string>> | null;
  /** It holds locks of this home or listens in it, whatever its environment says. */
  readonly proven: boolean;
  /** A daemon of some home. */
  readonly serves: boolean;
}

export interface Belonging {
  readonly home: Process['home'];
  /** The id of the session that it was launched for; null for what it merely has from the daemon above it. */
  readonly participant: string | null;
}

/** Waits for a path that a process names, which may lie on a file system that hangs. */
const statWaits = { times: 20, ms: 25 };

/**
 * To which home a process belongs. Its locks prove it; else its environment names it; and where that names none, or one
 * by a relative path, it is that of the daemon or `coven run` above it. Coven 0.4.6 gives a harness the environment that
 * it has itself, and a daemon in the foreground, or of a supervisor, has often no COVEN_HOME.
 */
export function belongings(
  candidates: ReadonlyMap<number, Candidate>,
  home: Home,
  canonical: string,
): (candidate: Candidate) => Promise<Belonging> {
  const known = new Map<string, Promise<boolean>>();
  const isThis = (path: string): Promise<boolean> => {
    const answer = known.get(path) ?? isSame(path, home, canonical);
    known.set(path, answer);
    return answer;
  };

  const homeOf = async (candidate: Candidate): Promise<Process['home']> => {
    const { environ, proven } = candidate;
    if (!environ) return 'unreadable';
    if (proven) return 'this';
    const named = environ[markers.home];
    if (named && isAbsolute(named)) return (await isThis(pathOf(candidate.pid, named))) ? 'this' : 'other';
    const owner = candidate.serves ? undefined : above(candidate, candidates);
    if (owner) {
      const its = await homeOf(owner);
      return its === 'unreadable' ? 'none' : its;
    }
    // A relative name counts from a folder that is not known any more.
    if (named) return 'other';
    // By default every process of the user names this home: one counts where it is marked, or has lost its terminal.
    const marked = candidate.environ?.[markers.participant] !== undefined;
    const left = candidate.session === candidate.pid && hasDeadTerminal(candidate.pid);
    if (!marked && !left) return 'none';
    const user = environ.HOME;
    return user && isAbsolute(user) && (await isThis(pathOf(candidate.pid, join(user, '.coven')))) ? 'this' : 'none';
  };

  return async (candidate) => {
    const where = await homeOf(candidate);
    const marker = where === 'this' ? candidate.environ?.[markers.participant] : undefined;
    const inherited = marker !== undefined && above(candidate, candidates)?.environ?.[markers.participant] === marker;
    return { home: where, participant: inherited ? null : participantOf(marker) };
  };
}

/** The nearest daemon, or holder of this home's locks, above a process. */
function above(candidate: Candidate, candidates: ReadonlyMap<number, Candidate>): Candidate | undefined {
  const seen = new Set<number>();
  for (let at = candidates.get(candidate.ppid); at && !seen.has(at.pid); at = candidates.get(at.ppid)) {
    if (at.serves || at.proven) return at;
    seen.add(at.pid);
  }
  return undefined;
}

async function isSame(path: string, home: Home, canonical: string): Promise<boolean> {
  if (path === home.path || path === canonical) return true;
  if (home.ino === null) return false;
  let found: BigIntStats | null | undefined;
  const looking = stat(path, { bigint: true }).then(
    (seen) => (found = seen),
    () => (found = null),
  );
  // In turns: on a busy machine a timer is late itself, and one alone would be over before an answer that is there.
  for (let n = 0; n < statWaits.times && found === undefined; n += 1)
    await Promise.race([looking, sleep(statWaits.ms, null, { ref: false })]);
  return !!found && String(found.dev) === home.dev && String(found.ino) === home.ino;
}

/** The id in `{"id":"daemon-session-…","generation":"…"}`; null where the marker is absent or not of that shape. */
function participantOf(marker: string | undefined): string | null {
  try {
    const value: unknown = JSON.parse(marker ?? 'null');
    const id = value && typeof value === 'object' && 'id' in value ? value.id : null;
    return typeof id === 'string' && /^[\w-]{1,128}$/.test(id) ? id : null;
  } catch {
    return null;
  }
}
