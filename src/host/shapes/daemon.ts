import * as v from 'valibot';
import { by, flag, kindOrAbsent, list, maybe, number, oneOf, text } from './shape.ts';

const answer = <const S extends v.GenericSchema>(body: S) =>
  v.object({
    outcome: oneOf([
      'not-asked',
      'answered',
      'error-response',
      'not-json',
      'wrong-shape',
      'no-bytes',
      'incomplete',
      'too-large',
      'closed',
      'not-http',
      'unreachable',
    ]),
    status: maybe(number),
    tries: number,
    ms: number,
    errorCode: maybe(text),
    body: maybe(body),
  });

const health = v.object({
  ok: maybe(flag),
  apiVersion: maybe(text),
  covenVersion: maybe(text),
  capabilities: maybe(by(v.union([text, number, flag, list(text), v.null()]))),
  pid: maybe(number),
  startedAt: maybe(text),
  socket: maybe(text),
  storageStatus: maybe(text),
  maintenanceBlocked: maybe(flag),
  storageError: maybe(text),
  freeDiskBytes: maybe(number),
  walBytes: maybe(number),
  backlogEvents: maybe(number),
  oldestEventAt: maybe(text),
  lastPruneAt: maybe(text),
  writerState: maybe(text),
  queuedBytes: maybe(number),
  capacityBytes: maybe(number),
  droppedEvents: maybe(number),
});

const silence = v.object({
  pid: maybe(number),
  watchedMs: number,
  looks: number,
  state: maybe(text),
  runnable: flag,
  cpuMs: number,
  log: flag,
  lateMs: number,
});

export const daemonShapes = {
  'daemon.record': v.object({
    state: oneOf(['absent', 'valid', 'invalid', 'too-large', 'not-utf8', 'not-a-file', 'unreadable']),
    pid: maybe(number),
    startedAt: maybe(text),
    socketIsOurs: maybe(flag),
    bytes: maybe(number),
    modifiedAt: maybe(text),
  }),
  'daemon.socket': v.object({
    kind: kindOrAbsent,
    mode: maybe(number),
    uid: maybe(number),
    connect: oneOf(['absent', 'refused', 'accepted', 'full', 'denied', 'too-long', 'not-tried', 'failed']),
    errno: maybe(text),
    looks: number,
  }),
  'daemon.health': v.object({ ...answer(health).entries, silence: v.exactOptional(silence) }),
  'daemon.capabilities': answer(list(text)),
  'daemon.process': v.object({
    pid: maybe(number),
    descriptors: maybe(number),
    limit: maybe(number),
    executableGone: maybe(flag),
    program: maybe(v.object({ path: text, version: maybe(text), ours: flag, onPath: maybe(number) })),
  }),
  'daemon.progress': v.object({
    pid: maybe(number),
    watchedMs: number,
    answered: flag,
    cpu: flag,
    log: flag,
    supervisor: maybe(v.object({ name: text, user: flag })),
  }),
  'daemon.log': v.object({
    bytes: number,
    readBytes: number,
    lines: number,
    lastAt: maybe(text),
    burstBytes: number,
    starts: list(v.object({ at: text, completed: flag, stopped: flag, panickedAt: maybe(text), lastAt: text })),
    last: maybe(v.object({ at: text, phase: maybe(text), completed: flag })),
    panics: number,
    lastPanicAt: maybe(text),
    lastError: maybe(text),
  }),
};
