import { defineCheck, type Evidence, type Finding, fail, from, pass, unknown, warn } from '../src/check.ts';
import { lowDiskBytes, warnedWalBytes } from '../src/coven/contract.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { ageSeconds, livenessNeeds, silenceOf } from '../src/coven/liveness.ts';
import type { HealthBody } from '../src/observation.ts';
import { seenOf } from './daemon.ts';

const target = '<daemon-socket>';

/** A minute between two removals, and time for a daemon that is busy. */
const pruneSeconds = 600;

/** What the daemon says of itself. `ok` is always true in Coven: storage and event writer are graded instead. */
export const daemonHealth = defineCheck({
  id: 'daemon:health',
  category: 'daemon',
  needs: livenessNeeds,
  skip: withoutDaemon,
  judge: ({ machine: { now }, 'daemon.health': health }) => {
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
    const found = [...storage(body, now), ...writer(body)];
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

function storage(body: HealthBody, now: string): readonly Finding[] {
  const { storageStatus, freeDiskBytes, walBytes, storageError, maintenanceBlocked } = body;
  const { oldestEventAt, lastPruneAt } = body;
  const rest = {
    facts: {
      storageStatus,
      freeDiskBytes,
      walBytes,
      storageError,
      field: 'storage',
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
