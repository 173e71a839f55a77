import { atWork, endReaders, readerFacts, readersOf, toRestart } from '../src/coven/advice.ts';
import { lowDiskBytes, warnedWalBytes } from '../src/coven/contract.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { isFull } from '../src/coven/limits.ts';
import { ageSeconds, silenceOf } from '../src/coven/liveness.ts';
import { seenOf } from '../src/coven/silence.ts';
import { command } from '../src/model/advice.ts';
import { bytes, count } from '../src/model/amounts.ts';
import { defineCheck, type Evidence, type Finding, fail, from, pass, unknown, warn } from '../src/model/check.ts';
import { livenessNeeds } from '../src/model/needs.ts';
import type { HealthBody, Seen } from '../src/model/observation.ts';
import { restartRemedy, storageRemedy } from '../src/repair/remedies/daemon.ts';

const target = '<daemon-socket>';

/** A minute between two removals, and time for a daemon that is busy. */
const pruneSeconds = 600;

/** What the daemon says of itself. `ok` is always true in Coven: storage and event writer are graded instead. */
export const daemonHealth = defineCheck({
  id: 'daemon:health',
  category: 'daemon',
  title: 'The daemon is well',
  explain:
    'Coven’s health says `ok` whatever happens; what counts is the state of its storage and of its event writer. A failed writer ' +
    'means that outputs and ends of sessions are not recorded any more.',
  causes: {
    ok: {
      message: ({ covenVersion, catchesUp }) =>
        `the daemon is healthy${covenVersion ? ` (Coven ${covenVersion})` : ''}${catchesUp ? '; it is removing old events' : ''}`,
    },
    timeout: {
      message: ({ ms }) => `the daemon did not finish its health answer within ${ms} ms`,
      hint: (facts) => [
        'Collect evidence, then restart the daemon:',
        command('coven-doctor', 'bundle'),
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    slow: {
      message: (facts) =>
        `the daemon began its health answer and did not finish it within ${Math.round(Number(facts.watchedMs) / 1000)} s; it may only be slow: ${atWork(facts)}`,
      hint: () => [
        'Check again when the machine is less busy, and give it more time:',
        command('coven-doctor', '--timeout', '60'),
      ],
    },
    'invalid-response': {
      message: ({ outcome }) => `what answers on the socket gives no valid health answer (${outcome})`,
      hint: () => 'Find out what listens there. It does not answer as a Coven daemon does.',
      follows: ['daemon:resources descriptors', 'daemon:resources tasks'],
    },
    'error-response': {
      message: ({ status, errorCode }) =>
        `the daemon answers its health request with an error: HTTP ${status}${errorCode ? `, code ${errorCode}` : ''}`,
      hint: (facts) => [
        'Collect evidence, then restart the daemon:',
        command('coven-doctor', 'bundle'),
        ...toRestart(facts),
      ],
      remedy: restartRemedy,
    },
    'storage-critical': {
      message: ({ freeDiskBytes }) =>
        `the daemon is short of space (${bytes(freeDiskBytes)} free) and has stopped its maintenance${isFull(freeDiskBytes) ? ', and new sessions fail' : '; sessions work until the disk is full'}`,
      hint: () => 'Free space on the file system of the home. No restart is needed.',
      follows: ['home:disk full'],
    },
    'storage-degraded': {
      message: ({ storageError }) => `the daemon cannot maintain its ledger${storageError ? ` (${storageError})` : ''}`,
      hint: () => 'Check that privacy.toml can be read and that the ledger is intact.',
      follows: ['home:config unparsable', 'store:open detached', 'daemon renamed'],
      remedy: storageRemedy,
    },
    'storage-warning': {
      message: (facts) =>
        `the daemon warns about its storage: ${bytes(facts.freeDiskBytes)} free, a WAL of ${bytes(facts.walBytes)}${facts.storageError ? `, ${facts.storageError}` : ''}${readersOf(facts)}`,
      hint: (facts) => (facts.readers ? endReaders(facts) : 'Check the free space and the size of the WAL.'),
      follows: ['home:disk low', 'store:wal large', 'store:open detached'],
    },
    'writer-failed': {
      message: ({ droppedEvents }) =>
        `the daemon no longer records sessions: its event writer has failed${droppedEvents ? `, and ${count(droppedEvents, 'event is lost', 'events are lost')}` : ''}`,
      hint: (facts) => [
        'It does not recover by itself. Finish what you can, then restart the daemon:',
        ...toRestart(facts),
      ],
      follows: ['home:disk full', 'store:open *', 'store:rehearsal unwritable'],
      remedy: restartRemedy,
    },
    'writer-pressured': {
      message: ({ queuedBytes, capacityBytes, droppedEvents }) =>
        droppedEvents
          ? `the event writer fell behind, and ${count(droppedEvents, 'event of output is lost', 'events of output are lost')} for good; ${bytes(queuedBytes)} of ${bytes(capacityBytes)} are queued now`
          : `the event writer is behind: ${bytes(queuedBytes)} of ${bytes(capacityBytes)} are queued`,
      hint: () => 'Look for a session that floods its output, and check the speed of the disk.',
    },
    undetermined: {
      message: ({ field }) => `the health answer says nothing about ${field} that is understood`,
      hint: () => 'Update coven-doctor, or the daemon.',
    },
  },
  needs: livenessNeeds,
  skip: withoutDaemon,
  judge: ({ machine: { now }, 'daemon.health': health, 'home.locks': locks }) => {
    const { outcome, status, tries, ms, errorCode, body } = health;
    const rest = {
      facts: { outcome, status, errorCode, ms },
      evidence: from('daemon.health', {
        outcome,
        status,
        tries,
        ms,
        errorCode,
      }),
    };
    // What began to answer and is at work may only be slow.
    if (outcome === 'incomplete' && health.silence && silenceOf(health.silence) === 'slow')
      return [unknown('slow', target, { ...rest, facts: { ...rest.facts, ...seenOf(health.silence) } })];
    if (outcome === 'no-bytes' || outcome === 'incomplete')
      return [fail('timeout', target, { ...rest, escalate: 'health-failed' })];
    if (outcome === 'error-response')
      return [
        fail('error-response', target, {
          ...rest,
          escalate: 'contract-not-understood',
        }),
      ];
    if (!body)
      return [
        fail('invalid-response', target, {
          ...rest,
          escalate: 'health-failed',
        }),
      ];
    if (body.ok !== true) {
      return [
        fail('invalid-response', target, {
          ...rest,
          evidence: [...rest.evidence, ...from('daemon.health', { ok: body.ok })],
        }),
      ];
    }
    const found = [...storage(body, now, locks), ...writer(body)];
    return found.length > 0
      ? found
      : [
          pass(target, {
            facts: { covenVersion: body.covenVersion, catchesUp: catchesUp(body, now) },
            evidence: rest.evidence,
          }),
        ];
  },
});

/**
 * Coven warns of its storage also while events past their time wait to be removed, as after any start on a home that
 * rested for long. Each minute it removes up to 5,000 of them. Source: the maintenance of 0.4.6, and seen there.
 */
function catchesUp(body: HealthBody, now: string): boolean {
  const { storageStatus, maintenanceBlocked, storageError, freeDiskBytes, walBytes, oldestEventAt } = body;
  if (storageStatus !== 'warning' || oldestEventAt === null || maintenanceBlocked || storageError !== null)
    return false;
  if ((freeDiskBytes ?? 0) < lowDiskBytes || (walBytes ?? warnedWalBytes) >= warnedWalBytes) return false;
  return [body.startedAt, body.lastPruneAt].some((at) => (ageSeconds(at, now) ?? pruneSeconds) < pruneSeconds);
}

function storage(body: HealthBody, now: string, locks: Seen<'home.locks'>['home.locks']): readonly Finding[] {
  const { storageStatus, freeDiskBytes, walBytes, storageError, maintenanceBlocked } = body;
  const { oldestEventAt, lastPruneAt } = body;
  const rest = {
    facts: {
      storageStatus,
      freeDiskBytes,
      walBytes,
      storageError,
      field: 'storage',
      // The daemon names no reader; a WAL that is small is held up by none.
      ...((walBytes ?? 0) >= warnedWalBytes ? readerFacts(locks) : {}),
    },
    evidence: from('daemon.health', {
      storageStatus,
      freeDiskBytes,
      walBytes,
      storageError,
      maintenanceBlocked,
      oldestEventAt,
      lastPruneAt,
    }),
  };
  switch (storageStatus) {
    case 'ok':
      return [];
    case 'warning':
      return catchesUp(body, now) ? [] : [warn('storage-warning', target, rest)];
    case 'degraded':
      return [warn('storage-degraded', target, rest)];
    case 'critical':
      return [fail('storage-critical', target, rest)];
    default:
      return [unknown('undetermined', target, rest)];
  }
}

function writer(body: HealthBody): readonly Finding[] {
  const { writerState, queuedBytes, capacityBytes, droppedEvents, backlogEvents } = body;
  const evidence: readonly Evidence[] = from('daemon.health', {
    writerState,
    queuedBytes,
    capacityBytes,
    droppedEvents,
    backlogEvents,
  });
  const rest = {
    facts: {
      writerState,
      queuedBytes,
      capacityBytes,
      droppedEvents,
      field: 'eventWriter',
    },
    evidence,
  };
  switch (writerState) {
    case 'healthy':
      return [];
    case 'pressured':
      return [warn('writer-pressured', target, rest)];
    case 'failed':
      return [fail('writer-failed', target, rest)];
    default:
      return [unknown('undetermined', target, rest)];
  }
}
