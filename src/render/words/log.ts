import type { Facts } from '../../check.ts';
import { count } from '../harmless.ts';
import type { CheckWords } from '../words.ts';
import { toRestart, toRun, works } from './advice.ts';

/** A daemon by hand is refused beside another one, and does what a start does: harm too. */
const serveByHand = (facts: Facts): boolean =>
  works('start', facts) && ['stopped', 'stale'].includes(String(facts.daemonVerdict ?? 'stopped'));

/** Words for what a daemon leaves behind and uses. */
export const logWords: Readonly<Record<string, CheckWords>> = {
  'daemon:duplicates': {
    title: 'No second daemon serves this home',
    explain:
      'A second daemon is refused while the first holds its lock. Where the lock file or the whole home was removed beneath a living ' +
      'daemon, a second one starts, and both write.',
    causes: {
      ok: { message: () => 'no other daemon of this home' },
      'second-daemon': {
        message: ({ count: n, pids, pid }) =>
          `${count(n, 'other daemon', 'other daemons')} of this home: pid ${pids}${pid === null ? '' : ` (pid ${pid} serves it)`}`,
        hint: ({ pids }) =>
          `find out which sessions each of them runs, then end the one that is not wanted: kill -TERM ${pids}`,
      },
    },
  },
  'daemon:version': {
    title: 'The daemon runs what is installed',
    explain:
      'A daemon keeps the program that it was started from until it is restarted. Versions are compared without running anything, so ' +
      'only where the `coven` on PATH belongs to an npm package that names its version.',
    causes: {
      ok: { message: ({ daemon }) => `version ${daemon}, as installed` },
      'not-comparable': {
        message: ({ daemon, installed }) =>
          `not asked: the version ${daemon === null ? 'of the daemon' : 'that is installed'} is not known${installed === null ? '' : ` (installed: ${installed})`}`,
      },
      skew: {
        message: ({ daemon, installed }) => `the daemon runs version ${daemon} and ${installed} is installed`,
        hint: (facts) => `when no session is live: ${toRestart(facts)}`,
      },
      undetermined: {
        message: ({ pid }) =>
          `it cannot be told which program the daemon (pid ${pid}) runs: this user may not read its /proc/${pid}/exe`,
        hint: () => 'run as the user whom the daemon runs as',
      },
      'replaced-executable': {
        message: ({ pid }) => `the program that the daemon (pid ${pid}) runs was removed or replaced since it started`,
        hint: (facts) => `when no session is live: ${toRestart(facts)}`,
      },
    },
  },
  'daemon:log': {
    title: 'The recovery log tells of no crash',
    explain:
      'Coven writes a line for each step of a start and none when a step fails or the daemon stops, so that the log is read as a story: ' +
      'six starts in ten minutes that nothing ended cleanly are a crash loop, a last start without its last step did not come to serve.',
    causes: {
      ok: { message: ({ lines }) => `${count(lines, 'line')} read, nothing strange` },
      'crash-loop': {
        message: ({ starts, minutes, at }) => `${starts} starts within ${minutes} minutes, the last at ${at}`,
        hint: (facts) =>
          `see what starts it again and again (a supervisor, a script)${serveByHand(facts) ? ', and run `coven daemon serve` by hand to see why it ends' : ''}`,
      },
      panic: {
        message: ({ panics, lastPanicAt }) =>
          `${count(panics, 'panic')} in the recovery log, the last at ${lastPanicAt}`,
        hint: () => 'keep <coven-home>/daemon-recovery.log for support; it names the place in the program',
      },
      flood: {
        message: ({ kilobytes }) => `the recovery log took ${kilobytes} KiB within ten minutes`,
        hint: () => 'look at its last lines: something asks the daemon again and again, and is refused',
      },
      'start-incomplete': {
        message: ({ at, phase, lastError }) =>
          `the last start (${at}) ended after ${phase ?? 'its first line'}${lastError ? ` (${lastError})` : ''}`,
        hint: (facts) =>
          serveByHand(facts)
            ? 'run `coven daemon serve` in the foreground: it tells the reason that `coven daemon start` hides'
            : toRun('start', facts),
      },
    },
  },
  'daemon:resources': {
    title: 'The daemon is not near its limits',
    explain: 'At its limit of open files a daemon accepts no connection and starts no session.',
    causes: {
      ok: { message: ({ descriptors, limit }) => `${descriptors} of ${limit} descriptors` },
      descriptors: {
        message: ({ pid, descriptors, limit }) =>
          `the daemon (pid ${pid}) has ${descriptors} of ${limit} descriptors open`,
        hint: (facts) =>
          `when no session is live: ${toRestart(facts)}; if they grow again, raise the limit (ulimit -n) of what starts it`,
      },
      undetermined: {
        message: ({ pid }) =>
          `the descriptors of the daemon${pid === null ? '' : ` (pid ${pid})`} may not be seen by this user`,
        hint: () => 'run as the owner of the home, on the machine and in the namespace of the daemon',
      },
    },
  },
};
