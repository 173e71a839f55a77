import { bytes } from '../harmless.ts';
import type { CheckWords } from '../words.ts';
import { toRestart, toRun } from './advice.ts';
import { atWork } from './daemon.ts';

/** Words for what a daemon answers. */
export const answerWords: Readonly<Record<string, CheckWords>> = {
  'daemon:health': {
    title: 'The daemon is well',
    explain:
      'Coven’s health says `ok` whatever happens; what counts is the state of its storage and of its event writer. A failed writer ' +
      'means that outputs and ends of sessions are not recorded any more.',
    causes: {
      ok: {
        message: ({ covenVersion, catchesUp }) =>
          `storage and event writer are well${covenVersion ? ` (Coven ${covenVersion})` : ''}${catchesUp ? '; events past their time are being removed' : ''}`,
      },
      timeout: {
        message: ({ ms }) => `the answer did not come whole within ${ms} ms`,
        hint: (facts) => `collect evidence, then ${toRestart(facts)}`,
      },
      slow: {
        message: (facts) =>
          `the answer has begun and did not come whole within ${Math.round(Number(facts.watchedMs) / 1000)} s, and the daemon may only be slow: ${atWork(facts)}`,
        hint: () => 'check again when the machine is less busy, with more time for it: coven-doctor --timeout 60',
      },
      'invalid-response': {
        message: ({ outcome }) => `the answer is no valid health answer (${outcome})`,
        hint: () => 'find out what listens there; it does not speak as a Coven daemon does',
      },
      'error-response': {
        message: ({ status, errorCode }) =>
          `health was answered with HTTP ${status}${errorCode ? ` and the code ${errorCode}` : ''}`,
        hint: (facts) => `collect evidence, then ${toRestart(facts)}`,
      },
      'storage-critical': {
        message: ({ freeDiskBytes }) => `storage is critical (${bytes(freeDiskBytes)} free); new sessions fail`,
        hint: () => 'free space on the file system of the home; no restart is needed',
      },
      'storage-degraded': {
        message: ({ storageError }) =>
          `storage is degraded: its maintenance fails${storageError ? ` (${storageError})` : ''}`,
        hint: () => 'check that privacy.toml can be read and that the ledger is whole',
      },
      'storage-warning': {
        message: ({ freeDiskBytes, walBytes, storageError }) =>
          `storage warns (${bytes(freeDiskBytes)} free, WAL ${bytes(walBytes)}${storageError ? `, ${storageError}` : ''})`,
        hint: () => 'look at free space and at the size of the WAL',
      },
      'writer-failed': {
        message: ({ droppedEvents }) =>
          `the event writer has failed (${droppedEvents ?? 0} events dropped); sessions are not recorded any more`,
        hint: (facts) => `the state does not heal by itself: finish what you can, then ${toRestart(facts)}`,
      },
      'writer-pressured': {
        message: ({ queuedBytes, capacityBytes }) =>
          `the event writer is behind (${bytes(queuedBytes)} of ${bytes(capacityBytes)} queued)`,
        hint: () => 'look for a session that floods its output, and at the speed of the disk',
      },
      undetermined: {
        message: ({ field }) => `the answer says nothing of ${field} that is understood`,
        hint: () => 'update the doctor, or the daemon',
      },
    },
  },
  'daemon:contract': {
    title: 'The daemon speaks the supported contract',
    explain: 'Clients must fail closed on any contract but exactly the one that they support.',
    causes: {
      ok: { message: ({ apiVersion }) => String(apiVersion) },
      unsupported: {
        message: ({ apiVersion, supported }) => `the daemon speaks ${apiVersion}; supported is ${supported}`,
        hint: (facts) =>
          `update the client: npm install --global @opencoven/cli@latest, then ${toRun('restart', facts, 'daemon:contract')}`,
      },
      missing: {
        message: ({ supported }) => `the daemon names no contract; supported is ${supported}`,
        hint: (facts) => `the daemon is older than its contract: ${toRestart(facts)}`,
      },
    },
  },
  'daemon:capabilities': {
    title: 'What clients rely on is there',
    explain:
      'Sessions, events, structured errors and a sequence cursor must be announced; a missing or false one counts as unsupported. ' +
      'Capabilities that are not known here are fine.',
    causes: {
      ok: {
        message: ({ count }) => `all that is required, and a catalogue of ${count}`,
      },
      missing: {
        message: ({ missing }) => `not announced: ${missing}; clients must not use them`,
        hint: (facts) => `run the installed version: ${toRestart(facts)} (this ends its live sessions)`,
      },
      unanswered: {
        message: ({ outcome, status }) =>
          `the catalogue was not answered (${outcome}${status ? `, HTTP ${status}` : ''})`,
        hint: () => 'optional features should stay unused until it is',
      },
    },
  },
};
