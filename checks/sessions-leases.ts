import { passOfRows, rowsUnread, withoutRows } from '../src/coven/gates.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, fail, from, unknown, warn } from '../src/model/check.ts';
import type { Lease } from '../src/model/observation.ts';

/** A lease lasts 90 s and is renewed every 20 s; a busy machine may miss one renewal. */
const lateSeconds = 30;
/** No lease holds for so long: a writer's is renewed every 20 s, and maintenance of a project is no work of days. */
const beyondSeconds = { writer: 3600, owner: 24 * 3600 };
/** The last second that a date can have. Source: ECMA-262, 21.4.1.1. */
const lastSecond = 8.64e12;

/** What git finds wrong. */
const refusals: Readonly<Record<string, string>> = {
  owner: 'a part of it belongs to another user',
  gitfile: 'its .git is a file that names no repository',
  config: 'a configuration file that git reads there cannot be parsed',
  format: 'it has a format that this git does not know',
};

const gateOf = (path: string): string => path.replace(/(\/coven-maintenance-gate)\/[^/]+$/, '$1');

const place = (here: unknown): string => (here ? ' (the folder that you are in)' : '');

/**
 * The writer leases of the projects. Expired ones whose session is over are what every ended run leaves: Coven passes over
 * them and removes them later. One of a live session lets maintenance begin beneath it.
 */
export const sessionsLeases = defineCheck({
  id: 'sessions:leases',
  category: 'sessions',
  title: 'The projects are open to sessions, and their leases are kept',
  explain:
    'Each session of a git project holds a lease in .git/coven-maintenance-gate, renewed every 20 s and good for 90 s. Maintenance waits ' +
    'for the leases that have not expired. Before each session Coven asks git where that folder is, and opens it: where git refuses, or an ' +
    'entry is of another kind than Coven opens there, it refuses the session. An owner file that cannot be parsed closes the project to every session; a writer file that ' +
    'cannot be parsed stops maintenance alone. Expired leases of sessions that are over are passed over, as Coven does.',
  causes: {
    ok: {
      message: ({ projects, writers, left }) =>
        `${count(projects, 'project has', 'projects have')} ${count(writers, 'lease')}${Number(left) > 0 ? `, ${left} left by sessions that are over` : ''}`,
    },
    malformed: {
      message: ({ path, name, owner, kind }) =>
        owner
          ? kind === 'fifo'
            ? `${path}: .git/coven-maintenance-gate/owner is a FIFO; every session in this project waits for it for ever`
            : `${path}: .git/coven-maintenance-gate/owner ${kind == null ? 'cannot be parsed' : `is a ${kind}`}; Coven refuses every session in this project`
          : `${path}: .git/coven-maintenance-gate/writers/${name} cannot be parsed; Coven refuses maintenance of this project`,
      hint: ({ name, owner }) =>
        `When no session is running in that project, move ${owner ? 'owner' : `writers/${name}`} out of its coven-maintenance-gate.`,
    },
    closed: {
      message: ({ path, closed, uid, mode }) =>
        `${path}: Coven refuses every session in this project: ${closed} belongs to uid ${uid} with mode ${mode}, and you may not use it`,
      hint: ({ closed, uid, me }) =>
        uid === me
          ? [command('chmod', 'u+rwX', String(closed))]
          : [
              'When no session is running in that project, move its gate out of the way; Coven makes a new one:',
              // Its entries can be in a folder that is another user's, too; the gate itself is in the project's own.
              command('mv', gateOf(String(closed)), `${gateOf(String(closed))}.aside`),
            ],
    },
    'wrong-kind': {
      message: ({ path, at, expected, kind, nowhere, links }) => {
        const what =
          kind === 'file'
            ? `has ${links} names, and Coven locks a file with one name alone`
            : `is a ${kind}${nowhere ? ' that leads nowhere' : ''}, not a ${expected}`;
        return `${path}: Coven refuses every session in this project: ${at} ${what}`;
      },
      hint: ({ at }) => [
        'When no session is running in that project, move it out of the way; Coven makes a new one:',
        command('mv', String(at), `${at}.aside`),
      ],
    },
    'git-refuses': {
      message: ({ path, reason, at, uid, here }) =>
        `${path}${place(here)}: Coven refuses every session in this project, since git refuses its repository: ` +
        (reason === 'owner' && at !== null
          ? `${at} belongs to another user (uid ${uid})`
          : (refusals[String(reason)] ?? 'git tells why')),
      hint: ({ root, reason }) =>
        reason === 'owner'
          ? [
              'If you trust what is in it, tell git so:',
              command('git', 'config', '--global', '--add', 'safe.directory', String(root)),
            ]
          : 'Correct what git names: `git status`, in that project, tells it.',
    },
    'project-full': {
      message: ({ path, here }) =>
        `${path}${place(here)}: Coven refuses every session in this project: the file system of its repository is full, and no lease can be written there`,
      hint: ({ path }) => ['Make room there. What takes it:', command('df', '-h', String(path))],
    },
    held: {
      message: ({ path, pid, command: name, watchedMs }) =>
        `${path}: Coven refuses every session in this project (maintenance state is contended): ${Number(pid) > 0 ? `pid ${pid}${name ? ` (${name})` : ''}` : 'a process that cannot be seen from here'} has held the lock of its maintenance gate for over ${Math.floor(Number(watchedMs) / 1000)} s`,
      hint: ({ pid }) =>
        Number(pid) > 0
          ? [
              'Find out what it is, and let it finish or end it:',
              command('ps', '-o', 'pid,user,lstart,cmd', '-p', String(pid)),
            ]
          : 'Find out in the other container or namespace which process it is, and let it finish.',
    },
    'far-future': {
      message: ({ path, name, owner, until }) =>
        owner
          ? `${path}: its maintenance gate is closed until ${until}; Coven refuses every session in this project`
          : `${path}: the lease writers/${name} holds until ${until}, and maintenance waits for it`,
      hint: ({ name, owner }) =>
        `the clock was wrong, or the file is damaged: with no maintenance and no session in that project, move ${owner ? 'owner' : `writers/${name}`} out of its coven-maintenance-gate`,
    },
    expired: {
      message: ({ path, session }) =>
        `${path}: the lease of the running session ${session} has expired; maintenance may begin while it writes`,
      hint: () => 'Start no maintenance of that project until the session is over.',
      follows: ['daemon hung', 'daemon slow', 'daemon unreachable', 'daemon stale'],
    },
    undetermined: {
      message: ({ path, gate, name, atLeast, read }) =>
        gate === 'remote'
          ? `${path} is on a network file system, and was not examined`
          : gate === 'crowded'
            ? `${path}: its maintenance gate holds at least ${atLeast} leases, of which ${read} were read`
            : gate === 'git'
              ? `${path}: its repository is unusual, and git did not answer whether it takes it`
              : `${path}: ${name ? `the lease ${name}` : 'its maintenance gate'} could not be read`,
      hint: ({ gate }) =>
        gate === 'git'
          ? '`git status`, in that project, tells it.'
          : 'Look at the .git/coven-maintenance-gate of that project yourself, as its owner.',
    },
    ...rowsUnread,
  },
  needs: ['machine', 'home', 'store.open', 'store.sessions', 'sessions.leases', 'processes'],
  wants: ['store.bytes', 'store.integrity'],
  skip: withoutRows,
  judge: (seen) => {
    const {
      machine,
      home,
      'sessions.leases': { projects },
      processes: { list },
    } = seen;
    const now = Date.parse(machine.now) / 1000;
    const alive = new Set(list.filter(({ state }) => state !== 'Z').map(({ sessionId }) => sessionId));
    const isLate = ({ expiresAt }: Lease): boolean => expiresAt !== null && expiresAt + lateSeconds < now;
    const found = projects.flatMap(({ path, gate, owner, writers, writersAtLeast: atLeast, ...project }) => {
      const { closed, strange, git } = project;
      const about = (lease: Lease | null) => ({
        facts: {
          path,
          gate,
          name: lease?.name ?? null,
          session: lease?.sessionId ?? null,
          owner: lease === owner,
          kind: lease?.kind ?? null,
          until: lease?.expiresAt == null ? null : new Date(Math.min(lease.expiresAt, lastSecond) * 1000).toISOString(),
        },
        evidence: from('sessions.leases', {
          gate,
          lease: lease?.name ?? null,
          state: lease?.state ?? null,
          expiresAt: lease?.expiresAt ?? null,
        }),
      });
      const target = '<project>/.git/coven-maintenance-gate';
      // What no session ever ran in may be no project of Coven's: it is no fault of the home, whatever folder one is in.
      const here = project.here === true;
      const refused = here ? warn : fail;
      // Who runs Coven here is who looks: what he may not use, it may not either.
      if (closed && machine.uid === home.uid) {
        const told = { closed: closed.path, uid: closed.uid, mode: `0${closed.mode.toString(8)}` };
        const evidence = from('sessions.leases', told);
        return [fail('closed', target, { facts: { path, ...told, me: machine.uid }, evidence })];
      }
      if (git?.state === 'refuses') {
        const { reason, root, foreign } = git;
        const told = { reason, at: foreign?.path ?? null, uid: foreign?.uid ?? null };
        const evidence = from('sessions.leases', { git: git.state, ...told });
        return [refused('git-refuses', '<project>/.git', { facts: { path, root, here, ...told }, evidence })];
      }
      if (project.full)
        return [
          refused('project-full', '<project>/.git', {
            facts: { path, here },
            evidence: from('sessions.leases', { full: true, here }),
          }),
        ];
      if (strange) {
        const { path: at, ...told } = strange;
        const evidence = from('sessions.leases', { at, ...told });
        return [fail('wrong-kind', target, { facts: { path, at, ...told }, evidence })];
      }
      if (project.held) {
        const { pid, command: name, watchedMs } = project.held;
        const evidence = from('sessions.leases', { lock: project.held.path, heldBy: pid, watchedMs });
        return [fail('held', `${target}/lock`, { facts: { path, pid, command: name, watchedMs }, evidence })];
      }
      if (gate === 'unreadable' || gate === 'remote') return [unknown('undetermined', target, about(null))];
      const unreadable = [owner, ...writers].find((lease) => lease?.state === 'unreadable');
      const malformed = writers.find(({ state }) => state === 'malformed');
      const late = writers.find((writer) => writer.sessionId && alive.has(writer.sessionId) && isLate(writer));
      const isAhead = (lease: Lease | null, seconds: number): boolean => (lease?.expiresAt ?? 0) > now + seconds;
      const ahead = writers.find((writer) => isAhead(writer, beyondSeconds.writer));
      return [
        ...(git ? [unknown('undetermined', '<project>/.git', { ...about(null), facts: { path, gate: 'git' } })] : []),
        ...(isAhead(owner, beyondSeconds.owner) ? [fail('far-future', target, about(owner))] : []),
        ...(ahead ? [warn('far-future', target, about(ahead))] : []),
        ...(owner?.state === 'malformed' ? [fail('malformed', target, about(owner))] : []),
        ...(malformed ? [warn('malformed', target, about(malformed))] : []),
        ...(late ? [warn('expired', target, about(late))] : []),
        ...(unreadable ? [unknown('undetermined', target, about(unreadable))] : []),
        ...(atLeast === undefined ? [] : [unknown('undetermined', target, crowded(path, atLeast, writers.length))]),
      ];
    });
    if (found.length > 0) return found;
    const writers = projects.flatMap((project) => project.writers);
    const facts = { projects: projects.length, writers: writers.length, left: writers.filter(isLate).length };
    // The sessions tell which projects there are.
    return passOfRows(seen, ['sessions'], '<coven-home>', { facts, evidence: from('sessions.leases', facts) });
  },
});

const crowded = (path: string, atLeast: number, read: number) => ({
  facts: { path, gate: 'crowded', atLeast, read },
  evidence: from('sessions.leases', { atLeast, read }),
});
