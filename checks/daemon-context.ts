import { toRestart } from '../src/coven/advice.ts';
import { ownerRights, shortRetentionDays } from '../src/coven/context.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { outcomeSince } from '../src/coven/outcomes.ts';
import type { Advice } from '../src/model/advice.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, type Finding, fail, from, pass, skipped, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { Observations } from '../src/model/observation.ts';
import { restartRemedy } from '../src/repair/remedies/daemon.ts';

const target = '<daemon-socket>';

/** A daemon has the environment of what starts it; one that a supervisor starts gets the same again. */
const fromHere = (facts: Facts, what: string): Advice => [
  `Take ${what} out of what starts the daemon. When no session is running, restart it from a shell without ${what}:`,
  ...toRestart(facts),
];

const daemon = ({ pid }: Facts): string => `the daemon (pid ${pid})`;

/** What a daemon was started with, its sessions have as well. */
export const daemonContext = defineCheck({
  id: 'daemon:context',
  category: 'daemon',
  title: 'What the daemon hands down to its sessions works',
  explain:
    'A session has the environment, the signals, the umask and the namespaces of its daemon, and a daemon has those of whatever ' +
    'started it: a unit, a cron job, a git hook. So a harness can work in a shell and fail in every session, while health is ok. ' +
    'Each item that Coven or a harness reads is compared with the one from here. Of the environment only names are told, the value of HOME ' +
    'and a number of days.',
  causes: {
    ok: { message: (facts) => `nothing that ${daemon(facts)} hands down is in the way of its sessions` },
    'ignores-children': {
      message: (facts) =>
        `${daemon(facts)} ignores SIGCHLD, as what started it did: the end of a program that it runs is lost, and every launch fails`,
      hint: (facts) => [
        'Start it from a program that does not ignore SIGCHLD. When no session is running, restart it from a shell:',
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    'no-terminals': {
      message: (facts) =>
        facts.terminals === 'used-up'
          ? `no pseudo terminal is left on this machine, and each session of ${daemon(facts)} takes one`
          : `${daemon(facts)} has no pseudo terminals: /dev/ptmx or /dev/pts, as it sees them, is not what the kernel gives; every session in a terminal fails`,
      hint: (facts) =>
        facts.terminals === 'used-up'
          ? [
              'End what holds them, or raise the limit as root. This shows it:',
              command('cat', '/proc/sys/kernel/pty/max'),
            ]
          : [
              'Give it a devpts at /dev/pts where it runs (`PrivateDevices=` of a unit leaves one). When no session is running, restart it from a shell that has one:',
              ...toRestart(facts),
            ],
      remedy: restartRemedy,
    },
    'unseen-projects': {
      message: (facts) =>
        `${daemon(facts)} sees other mounts than you do, and ${facts.path} is not there for it${Number(facts.count) > 1 ? ` (nor ${count(Number(facts.count) - 1, 'other project', 'other projects')} of ${facts.of})` : ''}: it refuses every session there`,
      hint: (facts) => [
        'Let it see that folder where it runs (`PrivateTmp=`, `ProtectHome=` of a unit hide some). When no session is running, restart it from a shell that sees it:',
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    'no-git': {
      message: (facts) =>
        `${daemon(facts)} finds no git on its PATH that can be run, and there is one on the PATH here: it refuses every session in a git repository`,
      hint: (facts) => [
        'Put the folder of git on the PATH of what starts the daemon. When no session is running, restart it from here:',
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    'git-variables': {
      message: (facts) =>
        `${daemon(facts)} has ${facts.names} in its environment: the git commands of every session go to that repository, not to the session’s project`,
      hint: (facts) => fromHere(facts, String(facts.names)),
      remedy: restartRemedy,
    },
    'other-home': {
      message: (facts) =>
        `${daemon(facts)} has another HOME (${facts.home}) than you: ${facts.harnesses} ${facts.many ? 'have their logins' : 'has its login'} in yours, and none there`,
      hint: (facts) => [
        'A harness that works in a shell here is not logged in there. When no session is running, restart the daemon from here:',
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    'home-missing': {
      message: (facts) =>
        `the HOME of ${daemon(facts)}, ${facts.home}, is not there${facts.since === 'failed' ? ', and every session since its start failed' : ''}: a harness finds no login and no settings`,
      hint: (facts) => [
        'Set HOME in what starts the daemon. When no session is running, restart it from here:',
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    'no-network': {
      message: (facts) =>
        `${daemon(facts)} is in a network of its own, which leads nowhere${facts.since === 'failed' ? '; every session since its start failed' : ': a harness reaches nothing'}`,
      hint: (facts) => [
        'Start it in the network of the machine (`PrivateNetwork=` of a unit takes it away). When no session is running, restart it from here:',
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    'no-manifest': {
      message: (facts) =>
        `COVEN_HARNESS_ADAPTER_MANIFEST of ${daemon(facts)} names ${facts.manifest}, which cannot be read (${facts.code}): it refuses every session`,
      hint: (facts) => ['Put that file in its place, or:', ...fromHere(facts, 'COVEN_HARNESS_ADAPTER_MANIFEST')],
      remedy: restartRemedy,
    },
    umask: {
      message: (facts) =>
        `${daemon(facts)} has the umask ${facts.umask}: what its sessions write cannot be used by its own owner (uid ${facts.uid})`,
      hint: (facts) => [
        'Set another one in what starts the daemon, as `umask 022` does in a shell. When no session is running, restart it from there:',
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    'short-retention': {
      message: (facts) =>
        `${daemon(facts)} deletes events that are older than ${count(facts.days, 'day')} (COVEN_LOG_RETENTION_DAYS in its environment); one that is started here would keep them for ${count(facts.here, 'day')}`,
      hint: (facts) => [
        'It does so every minute. If that is not meant, stop it first, and keep what is there:',
        command('coven-doctor', 'backup', 'create'),
        ...fromHere(facts, 'COVEN_LOG_RETENTION_DAYS'),
      ],
      remedy: restartRemedy,
    },
    'not-seen': {
      message: (facts) => `skipped: what ${daemon(facts)} was started with cannot be seen from here`,
    },
  },
  needs: [...livenessNeeds, 'daemon.context'],
  wants: ['store.sessions', 'sessions.leases'],
  skip: withoutDaemon,
  judge: ({ 'daemon.context': seen, 'store.sessions': sessions, 'sessions.leases': leases, ...rest }) => {
    // What the kernel says of it is up to a second too early, in which another session can have ended.
    const startedAt = rest['daemon.health'].body?.startedAt ?? rest['daemon.record'].startedAt;
    const since = outcomeSince(sessions?.latest ?? [], startedAt);
    const found = findingsOf(seen, since, (leases?.projects.length ?? 0) > 0);
    if (found.length > 0) return found;
    const { pid, ignoresChildren, umask } = seen;
    const all = { facts: { pid }, evidence: from('daemon.context', { pid, ignoresChildren, umask }) };
    return [ignoresChildren === null ? skipped('not-seen', target, all) : pass(target, all)];
  },
});

type Judge = typeof warn;

/** `since`: what became of the sessions since the daemon's start, which proves what a comparison can only suspect. */
function findingsOf(
  seen: Observations['daemon.context'],
  since: ReturnType<typeof outcomeSince>,
  hasRepositories: boolean,
): readonly Finding[] {
  const { pid, apart, home, git, gitProgram, retention, manifest, umask, uid, terminals, network } = seen;
  const about = (facts: Facts) => ({ facts: { pid, ...facts }, evidence: from('daemon.context', { pid, ...facts }) });
  const say = (judge: Judge, code: string, facts: Facts): Finding => judge(code, target, about(facts));
  const found: Finding[] = [];
  if (seen.ignoresChildren) found.push(say(fail, 'ignores-children', { ignoresChildren: true }));
  if (terminals === 'none' || terminals === 'used-up') found.push(say(fail, 'no-terminals', { terminals }));
  // What it has launched since its start, it has seen.
  if (seen.unseen && (since !== 'good' || seen.unseen.count < seen.unseen.of))
    found.push(say(seen.unseen.count < seen.unseen.of ? warn : fail, 'unseen-projects', { ...seen.unseen }));
  if (gitProgram && !gitProgram.there && gitProgram.here && hasRepositories)
    found.push(say(fail, 'no-git', { gitThere: false, gitHere: true }));
  if (git.length > 0) {
    const names = git.map(({ name }) => name).join(', ');
    // A relative name counts from the folder of each session: it may be meant so.
    found.push(say(git.some(({ absolute }) => absolute) ? fail : warn, 'git-variables', { names }));
  }
  // Sessions that went well prove that whatever they need is there; who runs a container has chosen its HOME and network.
  const isProven = since === 'failed';
  if (since !== 'good' && home && home.withoutLogin.length > 0 && home.folder !== 'absent') {
    const harnesses = home.withoutLogin.join(', ');
    found.push(say(fail, 'other-home', { home: home.path, harnesses, many: home.withoutLogin.length > 1 }));
  }
  if (since !== 'good' && home?.folder === 'absent' && (!apart || isProven)) {
    const isNeeded = isProven || home.withoutLogin.length > 0;
    found.push(say(isNeeded ? fail : warn, 'home-missing', { home: home.path, folder: home.folder, since }));
  }
  if (since !== 'good' && network === 'own-without-route' && (!apart || isProven))
    found.push(say(isProven ? fail : warn, 'no-network', { network, since }));
  if (manifest) found.push(say(fail, 'no-manifest', { manifest: manifest.path, code: manifest.code }));
  // To root every file is open.
  if (umask !== null && uid !== 0 && (umask & ownerRights) !== 0)
    found.push(say(fail, 'umask', { umask: umask.toString(8).padStart(4, '0'), uid }));
  if (retention && retention.days < shortRetentionDays && retention.days < retention.here)
    found.push(say(warn, 'short-retention', { days: retention.days, here: retention.here }));
  return found;
}
