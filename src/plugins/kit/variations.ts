import { names } from '../../coven/layout.ts';
import type { Observation, ObservationKey, Observations, StoreOpen } from '../../model/observation.ts';
import { freeze } from '../freeze.ts';
import type { Observed } from './staged-home.ts';

/* Observations of a home, each changed in one way. The findings of a check must change accordingly, or must not. */

/** Lists whose order has a meaning, by observation. All others may be in any order. */
const ordered: Readonly<Partial<Record<ObservationKey, readonly string[]>>> = {
  'daemon.log': ['starts'],
  install: ['covens'],
  'store.sessions': ['open'],
  'store.integrity': ['problems', 'indexProblems'],
};

/** Without the observation `key`. */
export function failed(observed: Observed, key: ObservationKey): Observed {
  const at = new Date(0).toISOString();
  return new Map(observed).set(key, { key, at, ms: 0, ok: false, error: { code: 'EACCES', message: 'not seen' } });
}

/** With every list reversed whose order has no meaning. */
export function reordered(observed: Observed): Observed {
  return [...observed.keys()].reduce(
    (done, key) => changed(done, key, (value) => turned(value, ordered[key] ?? [])),
    observed,
  );
}

/** The values of observations, by key. */
type Seen = { readonly [K in ObservationKey]: Observations[K] };
/** Replaced observations. */
type Instead = { readonly [K in ObservationKey]?: Observations[K] };

const openedNot = (open: StoreOpen, outcome: StoreOpen['outcome']): StoreOpen => ({
  ...open,
  outcome,
  way: null,
  tables: [],
  columns: {},
});

/**
 * How the host tells that it could not look into something that is there, with what follows for other observations.
 * Where it has no way to tell that but to fail, there is nothing here; processes of another namespace are no blind spot.
 */
const blindSpots: { readonly [K in ObservationKey]?: (seen: Seen) => readonly Instead[] } = {
  'home.entries': () => [
    { 'home.entries': { list: [], complete: false, unreadable: ['.', ...Object.values(names)].sort() } },
  ],
  'home.config': () => [{ 'home.config': { files: [{ name: 'repos.toml', state: 'unreadable', line: null }] } }],
  'daemon.record': () => [
    { 'daemon.record': { state: 'unreadable', pid: null, startedAt: null, socketIsOurs: null, bytes: null } },
  ],
  'daemon.socket': ({ 'daemon.socket': socket, 'daemon.health': health, 'daemon.capabilities': catalogue }) => [
    {
      'daemon.socket': { ...socket, kind: 'socket', connect: 'denied', errno: 'EACCES' },
      'daemon.health': { ...health, outcome: 'unreachable', body: null },
      'daemon.capabilities': { ...catalogue, outcome: 'not-asked', body: null },
    },
  ],
  'daemon.health': ({ 'daemon.health': health }) => {
    const { body } = health;
    return body
      ? [{ 'daemon.health': { ...health, body: { ...none(body), ok: body.ok, apiVersion: body.apiVersion } } }]
      : [];
  },
  'daemon.process': ({ 'daemon.process': process }) => [{ 'daemon.process': { ...none(process), pid: process.pid } }],
  'daemon.context': ({ 'daemon.context': context }) => [
    { 'daemon.context': { ...none(context), pid: context.pid, apart: false, git: [] } },
  ],
  'store.files': ({ 'store.files': { main, wal, shm, journal }, 'store.open': open }) => {
    const closed = { kind: 'file', readable: false } as const;
    return [
      {
        'store.files': {
          main: { ...main, ...closed },
          wal: { ...wal, ...closed, size: 4152 },
          shm,
          journal,
          hotJournal: null,
          walState: 'none',
          walPageSize: null,
          header: null,
          sessionsExpected: true,
        },
        'store.open': openedNot(open, 'unreadable'),
      },
    ];
  },
  'store.open': ({ 'store.open': open }) =>
    (['unreadable', 'forbidden', 'busy'] as const).map((outcome) => ({ 'store.open': openedNot(open, outcome) })),
  'store.bytes': () => [
    { 'store.bytes': { outcome: 'not-read', code: 'EACCES', wal: null, lostFrames: 0, strayFrames: 0, map: null } },
  ],
  'store.sessions': ({ 'store.sessions': sessions }) => [
    {
      'store.sessions': {
        ...sessions,
        outcome: 'failed',
        code: 'SQLITE_IOERR',
        byStatus: {},
        byDay: [],
        open: [],
        openComplete: false,
      },
    },
  ],
  'store.rows': ({ 'store.rows': rows }) => [
    {
      'store.rows': {
        ...rows,
        outcome: 'failed',
        code: 'SQLITE_IOERR',
        tables: [],
        complete: false,
        changed: [],
        changedComplete: false,
      },
    },
  ],
  'sessions.leases': () => [
    { 'sessions.leases': { projects: [{ path: '/project', gate: 'unreadable', owner: null, writers: [] }] } },
  ],
  'store.integrity': ({ 'store.integrity': integrity, 'store.open': open }) => [
    {
      'store.integrity': { ...integrity, outcome: 'not-opened', complete: false, tables: [], search: null },
      'store.open': openedNot(open, 'unreadable'),
    },
  ],
};

/** What is seen of a home when `key` is there and could not be looked into, in each way that the host tells it. */
export function blinded(observed: Observed, key: ObservationKey): readonly Observed[] {
  const values = [...observed.values()].map((seen) => [seen.key, seen.ok ? seen.value : null]);
  // Of a home with a part that failed there is no whole picture to change.
  if (values.some(([, value]) => value === null)) return [];
  const instead = blindSpots[key]?.(Object.fromEntries(values) as Seen) ?? [];
  return instead.map((parts) =>
    Object.entries(parts).reduce((done, [part, value]) => changed(done, part as ObservationKey, () => value), observed),
  );
}

/** Every part of `value` null. */
const none = <T extends object>(value: T): { [P in keyof T]: null } =>
  Object.fromEntries(Object.keys(value).map((name) => [name, null])) as { [P in keyof T]: null };

function changed(observed: Observed, key: ObservationKey, change: (value: unknown) => unknown): Observed {
  const seen = observed.get(key);
  if (!seen?.ok) return observed;
  const other: Observation = freeze({ ...seen, value: change(seen.value) });
  return new Map(observed).set(key, other);
}

function turned(value: unknown, keep: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => turned(item, [])).reverse();
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, keep.includes(name) ? part : turned(part, [])]),
  );
}

const isObject = (value: unknown): value is object => value !== null && typeof value === 'object';
