import { toRun, works } from '../src/coven/advice.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { floodBytes } from '../src/coven/limits.ts';
import { ageSeconds, judgeLiveness } from '../src/coven/liveness.ts';
import { command } from '../src/model/advice.ts';
import { count, instant } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { LogError, LogStory } from '../src/model/observation.ts';

/** A daemon by hand is refused beside another one, and does what a start does: harm too. */
const serveByHand = (facts: Facts): boolean =>
  works('start', facts) && ['stopped', 'stale'].includes(String(facts.daemonVerdict ?? 'stopped'));

const target = '<coven-home>/daemon-recovery.log';

const inPlace = ({ kind, uid, mode }: Facts): string =>
  kind === 'file'
    ? `daemon-recovery.log belongs to uid ${uid} with mode ${mode}, and its own user may not write to it`
    : `daemon-recovery.log is a ${kind}, not a file`;

/** So many starts within so many seconds, none of them stopped by intent, are no operator's work. */
const loop = { starts: 6, seconds: 600 };
/** What is older is history. */
const recentSeconds = 24 * 3600;
/** An error that came within so many seconds is still there. */
const nowSeconds = 600;

/**
 * How often within ten minutes an error is more than an incident: Coven's own passes come each minute and try again. What a
 * client did wrong comes as often as it asks, and a line that names no failure may be meant.
 */
const repeated = { failure: 5, other: 100 };
/** The other end of a connection, not the daemon. Source: the log after a bare connect. */
const ofClient = /^(?:unix|TCP) connection error\b/;

/** What ends an error, by its reason. */
const cures: readonly (readonly [RegExp, string])[] = [
  [
    /too many open files/i,
    'The daemon is at its limit of open files and accepts no connection then. End sessions that are not needed, and raise `ulimit -n` (under systemd: LimitNOFILE=) where the daemon is started.',
  ],
  [
    /resource temporarily unavailable/i,
    'The system gives the daemon no more threads. Raise the limit of processes (`ulimit -u`; under systemd: TasksMax=), or end what uses them up.',
  ],
  [
    /disk is full|no space left|quota exceeded/i,
    'Free space where the home is: until then nothing is pruned or recorded.',
  ],
  [/cannot allocate|out of memory/i, 'Free memory on this machine, or raise the limit that the daemon runs under.'],
  [
    /malformed|not a database|disk I\/O error/i,
    'The ledger or its disk is at fault. Check all of it: `coven-doctor --deep`.',
  ],
  [
    /database is locked|database is busy/i,
    'Another process keeps the ledger locked: `coven-doctor --only store:open` names it.',
  ],
];

const span = ({ firstAt, lastAt }: Facts): string =>
  firstAt === lastAt ? (lastAt ? `, at ${lastAt}` : '') : `, from ${firstAt ?? 'an unknown time'} to ${lastAt}`;

/** Steps after the ledger was opened: what ends a start there is its socket. Source: the order of Coven's start. */
const bindingPhases: readonly (string | null)[] = [
  'daemon-store-end',
  'status-publication-begin',
  'status-publication-end',
];

/** The story that the recovery log tells: crash loops, starts that ended half way, panics, errors, floods. */
export const daemonLog = defineCheck({
  id: 'daemon:log',
  category: 'daemon',
  title: 'The recovery log tells of no crash',
  explain:
    'Coven writes a line for each step of a start and none when a step fails or the daemon stops, so that the log is read as a story: ' +
    'six starts in ten minutes that nothing ended cleanly are a crash loop, a last start without its last step did not come to serve. ' +
    'Errors are counted by what they say but for numbers, also where the daemon calls itself healthy: a failure five times within ten ' +
    'minutes is told, and fails where the daemon still runs with it.',
  causes: {
    ok: { message: ({ lines }) => `the recovery log shows nothing unusual (${count(lines, 'line')} read)` },
    'crash-loop': {
      message: ({ starts, minutes, at }) =>
        `the daemon was started ${starts} times within ${minutes} minutes, the last time at ${instant(at)}`,
      hint: (facts) => [
        'Find out what starts it again and again: a supervisor, or a script.',
        ...(serveByHand(facts)
          ? ['To see why it ends, run it in the foreground:', command('coven', 'daemon', 'serve')]
          : []),
      ],
      follows: ['store:open *', 'home:disk full'],
    },
    panic: {
      message: ({ panics, lastPanicAt }) =>
        `the daemon crashed ${count(panics, 'time')} according to its log, the last time at ${instant(lastPanicAt)}`,
      hint: () => 'Keep <coven-home>/daemon-recovery.log for support: it names the place in the program.',
      follows: ['daemon:log crash-loop'],
    },
    errors: {
      message: (facts) =>
        `the daemon reports the same error ${facts.ongoing ? 'again and again' : 'repeatedly'}: ${facts.said} (${facts.cut ? 'at least ' : ''}${count(facts.times, 'time')}${span(facts)}${facts.others ? `; also ${facts.others}` : ''})`,
      hint: ({ said }) => [
        cures.find(([reason]) => reason.test(String(said)))?.[1] ??
          'Its lines in <coven-home>/daemon-recovery.log name the reason. Keep that file for support.',
      ],
      follows: [
        'daemon:resources descriptors',
        'home:disk full',
        'home:disk inodes-full',
        'home:filesystem read-only',
        'store:open *',
        'store:integrity corrupt',
        'daemon:log crash-loop',
      ],
    },
    flood: {
      message: ({ kilobytes, most }) =>
        `the recovery log grew by ${kilobytes} KiB within ten minutes${most ? `, most of it ${most}` : ''}`,
      hint: () => 'Look at its last lines: something asks the daemon again and again, and is refused.',
    },
    'not-written': {
      message: (facts) => `Coven works without its recovery log, and whatever it would log is lost: ${inPlace(facts)}`,
      hint: ({ kind, uid, me }) =>
        kind === 'file' && uid === me
          ? [command('chmod', '0600', target)]
          : ['Move it out of the way; the next start makes a new one:', command('mv', target, `${target}.aside`)],
    },
    'start-incomplete': {
      message: ({ at, phase, lastError }) =>
        `the last start, at ${at}, ended half way: after ${phase ?? 'its first line'}${lastError ? ` (${lastError})` : ''}`,
      hint: (facts) =>
        serveByHand(facts)
          ? [
              'To see the reason that a start hides, run the daemon in the foreground:',
              command('coven', 'daemon', 'serve'),
            ]
          : toRun('start', facts),
      follows: [
        'store:open *',
        'home:path socket-path-too-long',
        'home:disk full',
        'home:disk inodes-full',
        'home:filesystem read-only',
        'daemon:socket not-a-socket',
        'daemon:socket foreign-owner',
      ],
    },
  },
  needs: [...livenessNeeds, 'daemon.log'],
  wants: ['store.open'],
  skip: withoutHome,
  judge: (seen) => {
    const story = seen['daemon.log'];
    const { now } = seen.machine;
    const { verdict } = judgeLiveness(seen);
    const { lines, readBytes, bytes, last, panics, lastPanicAt, lastError, lastAt, burstBytes } = story;
    const starts = startsInLoop(story);
    const facts = {
      lines,
      starts,
      minutes: loop.seconds / 60,
      panics,
      lastPanicAt,
      lastError,
      phase: last?.phase ?? null,
      at: last?.at ?? null,
      kilobytes: Math.round(burstBytes / 1024),
      most: story.errors[0] ? `“${story.errors[0].said}” (${count(story.errors[0].times, 'time')})` : null,
    };
    const rest = {
      facts,
      evidence: from('daemon.log', {
        bytes,
        readBytes,
        burstBytes,
        starts,
        panics,
        completed: last?.completed ?? null,
        phase: facts.phase,
        lastAt,
      }),
    };
    const isRecent = (at: string | null): boolean => (ageSeconds(at, now) ?? Number.POSITIVE_INFINITY) < recentSeconds;
    // A ledger that does not open ends every start: that is the cause, and its own check names it.
    const open = seen['store.open'];
    const named = open !== null && !['opened', 'missing', 'empty'].includes(open.outcome);
    const found = [];
    const { unusable } = story;
    if (unusable) {
      const { kind, uid } = unusable;
      const mode = `0${unusable.mode.toString(8)}`;
      const told = { kind, mode, uid };
      found.push(
        warn('not-written', target, { facts: { ...told, me: seen.machine.uid }, evidence: from('daemon.log', told) }),
      );
    }
    const errors = story.errors.filter((error) => isRepeated(error) && isRecent(error.lastAt ?? lastAt));
    const [worst] = errors;
    if (worst) {
      const others = errors.slice(1).map(({ said, times }) => `${said} (${count(times, 'time')})`);
      const ongoing =
        verdict === 'running' &&
        errors.some(
          ({ failure, lastAt: at }) =>
            failure && !isBefore(at, last?.at ?? null) && (ageSeconds(at ?? lastAt, now) ?? nowSeconds) < nowSeconds,
        );
      const { said, times, firstAt } = worst;
      const told = {
        facts: {
          ...facts,
          ...{ said, times, firstAt, lastAt: worst.lastAt, ongoing },
          ...{ others: others.join('; '), cut: readBytes < bytes },
        },
        evidence: from('daemon.log', { bytes, readBytes, said, times, firstAt, lastAt: worst.lastAt }),
      };
      found.push((ongoing ? fail : warn)('errors', target, told));
    }
    if (starts >= loop.starts && isRecent(last?.at ?? null)) found.push(warn('crash-loop', target, rest));
    if (panics > 0 && isRecent(lastPanicAt)) found.push(warn('panic', target, rest));
    if (burstBytes >= floodBytes && isRecent(lastAt)) found.push(warn('flood', target, rest));
    if (last && !last.completed && !named && verdict === 'stopped') {
      const { kind, connect } = seen['daemon.socket'];
      const explained = (kind !== 'absent' && kind !== 'socket') || connect === 'too-long';
      const escalate = bindingPhases.includes(last.phase) && !explained && { escalate: 'socket-cannot-bind' as const };
      found.push(warn('start-incomplete', target, { ...rest, ...escalate }));
    }
    return found.length > 0 ? found : [pass(target, rest)];
  },
});

/** What a daemon wrote before the last start is no error of the one that runs. */
const isBefore = (at: string | null, start: string | null): boolean => Date.parse(at ?? '') < Date.parse(start ?? '');

const isRepeated = ({ said, burst, failure }: LogError): boolean =>
  !ofClient.test(said) && burst >= (failure ? repeated.failure : repeated.other);

/** Starts before and with the last one, within the time of a loop, that no clean stop ended. */
function startsInLoop({ starts }: LogStory): number {
  const last = starts.at(-1);
  if (!last) return 0;
  return starts.filter(({ at, stopped }) => !stopped && (ageSeconds(at, last.at) ?? loop.seconds) < loop.seconds)
    .length;
}
