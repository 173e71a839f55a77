import type { Facts } from '../../check.ts';
import { count } from '../harmless.ts';
import type { CheckWords } from '../words.ts';
import { toRestart, toRun } from './advice.ts';

const doubts: Readonly<Record<string, string>> = {
  'other-namespaces': 'processes of other pid namespaces cannot be seen from here',
  'hidden-environment': 'a process that may be their harness hides its environment',
  'other-command': 'a live coven command may own them',
  'other-process': 'a process that no daemon owns carries their mark or began with them, and may be their harness',
  'daemon-unclear': 'the state of the daemon is not clear',
  'one-look': 'they could not be looked at a second time',
  'sessions-unreadable': 'the rows could not be read',
  'too-many-rows': 'there are too many to examine',
};

const apart = ({ live, external, unowned }: Facts): string =>
  [
    Number(live) > 0 ? `${live} live` : '',
    Number(unowned) > 0 ? `${unowned} alive without a daemon` : '',
    Number(external) > 0 ? `${external} external` : '',
  ]
    .filter(Boolean)
    .join(', ');

export const sessionWords: Readonly<Record<string, CheckWords>> = {
  'sessions:orphaned': {
    title: 'Running sessions have a process',
    explain:
      'A row stays `running` when its daemon was killed, and after a clean stop too; the next start of the daemon marks it `orphaned` ' +
      'and keeps all that was recorded. A start also marks the row of a live `coven run`. External rows are never touched.',
    causes: {
      ok: {
        message: (facts) => (apart(facts) ? `running: ${apart(facts)}` : 'no session is running'),
      },
      orphaned: {
        message: (facts) =>
          `${count(facts.orphaned, 'row says', 'rows say')} \`running\` and the process is gone (${facts.ids})${apart(facts) ? `; kept apart: ${apart(facts)}` : ''}`,
        hint: (facts) =>
          facts.daemon === 'running'
            ? `${toRestart(facts)}, which marks them orphaned; it also ends every live session of the daemon`
            : `${toRun('start', facts)}, which marks them orphaned; what was recorded can still be replayed${Number(facts.live) > 0 ? '. It also marks the rows of a live `coven run`' : ''}`,
      },
      undetermined: {
        message: ({ doubtful, doubt, code }) =>
          `${doubtful === undefined ? '' : `${count(doubtful, 'running row')}: `}${doubts[String(doubt)] ?? doubt}${code ? ` (${code})` : ''}`,
        hint: () => 'run the doctor again once the named doubt is gone, in the namespace and as the user of the daemon',
      },
    },
  },
  'sessions:processes': {
    title: 'Harness processes have a live daemon',
    explain:
      'A harness that ignores the hang-up of its terminal outlives a killed daemon; it is known by the session id in its environment. ' +
      'What a session merely started carries the same mark and is not named here.',
    causes: {
      ok: {
        message: ({ owned, left }) =>
          `${owned ? count(owned, 'harness process', 'harness processes') : 'no harness process'} of the daemon${left ? `; ${left} left running by sessions` : ''}, none without it`,
      },
      unowned: {
        message: ({ unowned, pids, own }) =>
          `${count(unowned, 'harness runs', 'harnesses run')} on without a daemon (pid ${pids})${own ? '; the doctor itself runs inside one' : ''}`,
        hint: () => 'look at each, save its work, and end it yourself; the daemon cannot take it back',
      },
      undetermined: {
        message: ({ pids }) => `pid ${pids} may be a harness and hides its environment`,
        hint: () => 'look at that process yourself',
      },
    },
  },
  'sessions:stranded': {
    title: 'No session waits for ever to be launched',
    explain:
      '`coven run --detach` makes a `created` row and starts nothing. After ten minutes Coven counts it as failed, at the next start of ' +
      'the daemon or when sessions are listed. External rows are kept apart.',
    causes: {
      ok: {
        message: ({ created }) =>
          Number(created) > 0 ? `${count(created, 'row')} created just now` : 'none is waiting',
      },
      stranded: {
        message: ({ stranded, ids }) =>
          `${count(stranded, 'session was', 'sessions were')} created over ten minutes ago and never launched (${ids})`,
        hint: () => 'launch them again from their project; the next start of the daemon marks these rows failed',
      },
    },
  },
  'sessions:churn': {
    title: 'Sessions do not fail again and again',
    explain:
      'Five or more sessions of the last 24 hours, and at least half of them, ended as failed or orphaned: no chance, but a cause.',
    causes: {
      ok: {
        message: ({ made, failed, orphaned }) => `of the last day's ${made}: ${failed} failed, ${orphaned} orphaned`,
      },
      churn: {
        message: ({ made, failed, orphaned }) =>
          `of the ${count(made, 'session')} of the last 24 hours, ${failed} failed and ${orphaned} were orphaned`,
        hint: () => 'look at the last events of one of them, and at the other findings here, before launching more',
      },
    },
  },
  'sessions:leases': {
    title: 'The projects are open to sessions, and their leases are kept',
    explain:
      'Each session of a git project holds a lease in .git/coven-maintenance-gate, renewed every 20 s and good for 90 s. Maintenance waits ' +
      'for the leases that have not expired. An owner file that cannot be parsed closes the project to every session; a writer file that ' +
      'cannot be parsed stops maintenance alone. Expired leases of sessions that are over are passed over, as Coven does.',
    causes: {
      ok: {
        message: ({ projects, writers, left }) =>
          `${count(projects, 'project')}, ${count(writers, 'lease')}${Number(left) > 0 ? `, ${left} left by sessions that are over` : ''}`,
      },
      malformed: {
        message: ({ path, name, owner }) =>
          owner
            ? `${path}: .git/coven-maintenance-gate/owner cannot be parsed; Coven refuses every session in this project`
            : `${path}: .git/coven-maintenance-gate/writers/${name} cannot be parsed; Coven refuses maintenance of this project`,
        hint: ({ name, owner }) =>
          `with no session live in that project, move ${owner ? 'owner' : `writers/${name}`} out of its coven-maintenance-gate`,
      },
      expired: {
        message: ({ path, session }) =>
          `${path}: session ${session} lives and its lease has expired; maintenance may begin while it writes`,
        hint: () => 'start no maintenance of that project until the session is over',
      },
      undetermined: {
        message: ({ path, gate, name }) =>
          gate === 'remote'
            ? `${path} lies on a network file system, and was not looked at`
            : `${path}: ${name ? `the lease ${name}` : 'its maintenance gate'} may not be read by this user`,
        hint: () => 'look at the .git/coven-maintenance-gate of that project yourself, as its owner',
      },
    },
  },
};
