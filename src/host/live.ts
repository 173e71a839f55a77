import { setTimeout as sleep } from 'node:timers/promises';
import type { HomeSource } from '../coven/layout.ts';
import { patience, within } from '../deadline.ts';
import type {
  Observation,
  ObservationError,
  ObservationKey,
  Observations,
  StoreRows,
  StoreSessions,
} from '../observation.ts';
import type { InventoryRequest, StoreInventory } from '../store/protocol.ts';
import type { Exchange } from './ask.ts';
import { seeConfig } from './config.ts';
import { askCapabilities, contact, healthAnswer, rawAnswers, seeDoor } from './daemon.ts';
import { seeDaemonProcess } from './daemon-process.ts';
import { seeFilesystem } from './filesystem.ts';
import { seeDisk, seeEntries, seeHome } from './home.ts';
import { CannotSee, type Host, reasonOf } from './host.ts';
import { seeIdentities } from './identities.ts';
import { seeInstall } from './install.ts';
import { seeLeases } from './leases.ts';
import { seeLocks } from './locks.ts';
import { seeLog } from './log.ts';
import type { Look, Probe } from './look.ts';
import { seeMachine } from './machine.ts';
import { seeProcesses } from './processes.ts';
import { seeProgress } from './progress.ts';
import { seeRecord } from './record.ts';
import { seeRehearsal } from './rehearsal.ts';
import { seeRuns } from './runs.ts';
import { readStore, seeStoreFiles } from './store.ts';

export interface LiveOptions {
  readonly home: string;
  readonly source: HomeSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly deep: boolean;
  /** A start or an upgrade is about to come, which opens the ledger. */
  readonly startsNext?: boolean;
  /** The run's deadline, milliseconds from now. */
  readonly deadlineMs: number;
  /** Milliseconds that the checks have of it; all of it where nothing is said. */
  readonly checkMs?: number;
  readonly signal: AbortSignal;
}

/** How long a look may take where it has no deadline of its own; local files and /proc answer in milliseconds. */
const probeMs = 3000;

/** How long a reading that was told to end may take to do so; only a file system that hangs takes longer. */
const closeMs = 1000;

/** A row is believed to stand without its process only when it still does after this long. */
const secondLookMs = 1000;

export interface LiveHost extends Host {
  /** What support needs of the ledger beyond the observations; null where it is not to be had. Throws CannotSee. */
  readonly inventory: (request: InventoryRequest, milliseconds: number) => Promise<StoreInventory | null>;
  /** What the daemon answers now, as it answers it, by path; empty where it is not to be asked. */
  readonly answers: () => Promise<Readonly<Record<string, Exchange>>>;
}

/** A host that looks at this machine, and changes nothing on it. */
export function liveHost(options: LiveOptions): LiveHost {
  const end = performance.now() + options.deadlineMs;
  const checksEnd = performance.now() + Math.min(options.deadlineMs, options.checkMs ?? options.deadlineMs);
  const endings: (() => Promise<void>)[] = [];
  const seen = new Map<ObservationKey, Promise<Observation>>();

  const look: Look = {
    ...options,
    startsNext: options.startsNext ?? false,
    timeLeft: () => end - performance.now(),
    checksLeft: () => checksEnd - performance.now(),
    observe: async (key) => {
      const observation = await observe(key);
      if (!observation.ok)
        throw new CannotSee(observation.error.code, observation.error.message, observation.error.command);
      return observation.value;
    },
  };
  const door = lazy(() => seeDoor(look));
  const reached = lazy(async () => contact(look, await door()));
  let read: ReturnType<typeof readStore> | undefined;
  const reading = lazy(() => (read = readStore(look, (end) => endings.push(end))));

  const probes: { readonly [K in ObservationKey]: Probe<K> } = {
    machine: seeMachine,
    home: seeHome,
    'home.entries': seeEntries,
    'home.identities': seeIdentities,
    'home.runs': seeRuns,
    'home.disk': seeDisk,
    'home.locks': seeLocks,
    processes: seeProcesses,
    'daemon.record': seeRecord,
    'daemon.socket': async () => (await reached()).socket,
    'daemon.health': async () => healthAnswer(look, await reached()),
    'daemon.capabilities': async () => askCapabilities(look, await door()),
    'home.filesystem': seeFilesystem,
    'home.config': seeConfig,
    'daemon.process': seeDaemonProcess,
    'daemon.progress': seeProgress,
    'daemon.log': seeLog,
    install: seeInstall,
    'store.files': seeStoreFiles,
    'store.open': async () => (await reading()).open,
    'store.bytes': async () => {
      const { open, bytes } = await reading();
      if (bytes) return bytes;
      // Beside a live owner they are read once SQLite has the ledger open.
      if (open.outcome === 'opened')
        throw new CannotSee('overran', 'the time allowed ended before the pages were read');
      return { outcome: 'not-read', code: 'not-opened', wal: null, lostFrames: 0, map: null };
    },
    'store.sessions': () => seeSessions(look, reading),
    'sessions.leases': seeLeases,
    'store.rehearsal': seeRehearsal,
    'store.rows': () => seeRows(look, reading),
    'store.integrity': async () => {
      const { open, integrity } = await reading();
      if (integrity) return integrity;
      if (open.outcome === 'opened')
        throw new CannotSee('overran', 'the time allowed ended before the tables were read');
      return {
        outcome: 'not-opened',
        depth: options.deep ? 'whole' : 'bounded',
        complete: false,
        tables: [],
        problems: [],
        indexProblems: [],
        search: null,
      };
    },
  };

  const observe: Host['observe'] = (key) => {
    let observation = seen.get(key);
    if (!observation) {
      observation = take(
        key,
        () => probes[key](look),
        isOwnPaced(key) ? look.timeLeft() : Math.min(probeMs, look.timeLeft()),
        options.signal,
      ).then((taken) => (taken.ok ? taken : { ...taken, error: withoutPath(taken.error, options.home) }));
      seen.set(key, observation);
    }
    return observation as ReturnType<typeof observe<typeof key>>;
  };
  return {
    observe,
    inventory: async (request, milliseconds) => (await reading()).inventory(request, milliseconds),
    answers: async () => rawAnswers(look, await door()),
    close: async () => {
      // A reading that has not given up could put something into the folder that is being removed.
      await within(Promise.allSettled([read]), closeMs, new AbortController().signal, () => undefined);
      for (const end of endings.reverse()) await end().catch(() => undefined);
    },
  };
}

/** An error of the system names the path that it failed on: of the home it keeps the role alone. */
const withoutPath = (error: ObservationError, home: string): ObservationError => ({
  ...error,
  message: error.message.replaceAll(home, '<coven-home>'),
});

/** Looks that wait for the daemon or read the ledger keep deadlines of their own within the run's. */
const isOwnPaced = (key: ObservationKey): boolean =>
  key.startsWith('store.') || key.startsWith('daemon.') || key === 'processes';

function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

async function take<K extends ObservationKey>(
  key: K,
  probe: () => Promise<Observations[K]>,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Observation<Observations[K]>> {
  const at = new Date().toISOString();
  const start = performance.now();
  const settled = (rest: { ok: true; value: Observations[K] } | { ok: false; error: ObservationError }) => ({
    key,
    at,
    ms: Math.round(performance.now() - start),
    ...rest,
  });
  const looked = probe().then(
    (value) => settled({ ok: true, value }),
    (error: unknown) => settled({ ok: false, error: reasonOf(error) }),
  );
  const late = () =>
    settled({
      ok: false,
      error: {
        code: 'overran',
        message: `no answer within ${Math.round(performance.now() - start)} ms`,
      },
    });
  return within(looked, milliseconds, signal, late, patience);
}

/**
 * The session rows. While a process has the ledger open, rows whose process is not seen are looked at once more:
 * a session that ends just now has lost its process and keeps its row for some milliseconds.
 */
async function seeSessions(look: Look, reading: () => ReturnType<typeof readStore>): Promise<StoreSessions> {
  const processes = await look.observe('processes').catch(() => null);
  const { open, sessions, again } = await reading();
  if (open.outcome !== 'opened') return { ...noSessions, outcome: 'not-opened', looks: 0 };
  if (!sessions) throw new CannotSee('overran', 'the time allowed ended before the sessions were read');
  const seen = new Set(processes?.list.map(({ sessionId }) => sessionId));
  const suspicious = sessions.open.some(
    ({ id, status, external }) => status === 'running' && !external && !seen.has(id),
  );
  if (!suspicious || open.way !== 'in-place') return { ...sessions, looks: 1 };
  await sleep(secondLookMs, undefined, { signal: look.signal });
  const later = await again();
  if (later?.outcome !== 'read') return { ...sessions, looks: 1 };
  const still = new Map(later.open.map((row) => [row.id, row]));
  const stands = sessions.open.filter((row) => still.get(row.id)?.status === row.status);
  return { ...later, open: stands, looks: 2 };
}

/** The rows of every table, counted when all else of the ledger was read and no second look at its sessions is under way. */
async function seeRows(look: Look, reading: () => ReturnType<typeof readStore>): Promise<StoreRows> {
  await look.observe('store.sessions');
  const { open, count } = await reading();
  if (open.outcome !== 'opened')
    return { outcome: 'not-opened', code: null, tables: [], complete: false, changed: [], changedComplete: false };
  const rows = await count();
  if (!rows) throw new CannotSee('overran', 'the time allowed ended before the rows were counted');
  return rows;
}

const noSessions = {
  code: null,
  byStatus: {},
  byDay: [],
  open: [],
  openComplete: true,
  recent: { made: 0, failed: 0, orphaned: 0 },
  projects: [],
} as const;
