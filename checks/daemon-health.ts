import { defineCheck, type Evidence, type Finding, fail, from, pass, unknown, warn } from '../src/check.ts';
import { withoutDaemon } from '../src/coven/gates.ts';
import { livenessNeeds } from '../src/coven/liveness.ts';
import type { HealthBody } from '../src/observation.ts';

const target = '<daemon-socket>';

/** What the daemon says of itself. `ok` is always true in Coven: storage and event writer are graded instead. */
export const daemonHealth = defineCheck({
  id: 'daemon:health',
  category: 'daemon',
  needs: livenessNeeds,
  skip: withoutDaemon,
  judge: ({ 'daemon.health': health }) => {
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
    const found = [...storage(body), ...writer(body)];
    return found.length > 0
      ? found
      : [
          pass(target, {
            facts: { covenVersion: body.covenVersion },
            evidence: rest.evidence,
          }),
        ];
  },
});

function storage(body: HealthBody): readonly Finding[] {
  const { storageStatus, freeDiskBytes, walBytes, storageError, maintenanceBlocked } = body;
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
    }),
  };
  switch (storageStatus) {
    case 'ok':
      return [];
    case 'warning':
      return [warn('storage-warning', target, rest)];
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
