import * as v from 'valibot';
import { by, decimal, flag, kind, kindOrAbsent, list, maybe, number, oneOf, text, time } from './shape.ts';

const identity = v.object({
  kind,
  dev: decimal,
  ino: decimal,
  mode: number,
  uid: number,
  gid: number,
  size: maybe(number),
  mtimeNs: maybe(decimal),
  sha256: maybe(text),
});

const role = oneOf(['serve', 'helper', 'run', 'other-coven', 'harness', 'other']);

const process = v.object({
  pid: number,
  innerPid: number,
  ppid: number,
  startTicks: text,
  startedAt: maybe(text),
  uid: number,
  state: text,
  sessionLeader: flag,
  deadTerminal: flag,
  role,
  command: text,
  ownerPid: maybe(number),
  managedStartedAt: maybe(text),
  home: oneOf(['this', 'other', 'none', 'unreadable']),
  sessionId: maybe(text),
  standalone: flag,
  ledgerOpen: flag,
  listening: flag,
  own: flag,
});

export const homeShapes = {
  machine: v.object({
    now: time,
    platform: text,
    uid: number,
    sudoUid: maybe(number),
    bootId: maybe(text),
    pidNamespace: maybe(text),
    seesEveryProcess: flag,
  }),
  home: v.object({
    path: text,
    source: oneOf(['option', 'environment', 'default']),
    kind: kindOrAbsent,
    utf8: flag,
    socketPathBytes: number,
    mode: maybe(number),
    uid: maybe(number),
    dev: maybe(decimal),
    ino: maybe(decimal),
    listable: flag,
    writable: flag,
  }),
  'home.entries': v.object({
    list: list(
      v.object({
        name: text,
        kind,
        mode: number,
        uid: number,
        size: number,
        links: number,
        dev: decimal,
        ino: decimal,
        modifiedAt: text,
      }),
    ),
    complete: flag,
    unreadable: list(text),
  }),
  'home.identities': v.object({ files: by(identity) }),
  'home.runs': v.object({
    unfinished: list(v.object({ id: text, at: maybe(text), fixes: number, changed: maybe(text) })),
    notOurs: maybe(text),
    unexamined: v.optional(maybe(oneOf(['platform', 'other-user', 'error'])), null),
  }),
  'home.disk': v.object({ freeBytes: number, totalBytes: number, freeInodes: number, totalInodes: number }),
  'home.locks': v.object({
    method: oneOf(['proc-locks', 'none']),
    files: list(v.object({ name: text, holders: list(v.object({ pid: number, exclusive: flag })) })),
    ledgerWriter: maybe(v.object({ pid: number, watchedMs: number })),
  }),
  'home.filesystem': v.object({
    type: text,
    readOnly: flag,
    network: flag,
    inMemory: flag,
    syncedBy: maybe(text),
  }),
  'home.config': v.object({
    files: list(
      v.object({
        name: text,
        state: oneOf(['parsed', 'unparsable', 'too-large', 'not-a-file', 'unreadable']),
        line: maybe(number),
      }),
    ),
  }),
  // Each is held against every open session, and some against every other process.
  processes: v.object({ list: list(process, 5000), complete: flag }),
  install: v.object({
    covens: list(v.object({ path: text, target: text, version: maybe(text), ours: flag })),
    harnesses: list(v.object({ id: text, path: maybe(text) })),
  }),
};
