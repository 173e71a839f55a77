import type { OneChild } from '../child/one-child.ts';
import type { HomeSource } from '../coven/layout.ts';
import { deadline, patienceOf, turnMs, within } from '../deadline.ts';
import type { Observation, ObservationError, ObservationKey, Observations } from '../model/observation.ts';
import type { InventoryRequest, RawRows, ReplayRequest, SessionReplay, StoreInventory } from '../store/protocol.ts';
import type { Exchange } from './ask.ts';
import { rawAnswers } from './daemon.ts';
import { CannotSee, type Host, reasonOf } from './host.ts';
import type { Look } from './look.ts';
import * as observations from './observations/index.ts';
import { readRawRows } from './raw-rows.ts';
import { readStore } from './store.ts';
import { makeTexts } from './texts.ts';

export interface LiveOptions {
  readonly home: string;
  /** How the home was named; by an option where nothing is said. */
  readonly source?: HomeSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly deep?: boolean;
  readonly onReading?: Look['onReading'];
  readonly seeRuns?: Look['seeRuns'];
  /** A start or an upgrade is about to come, which opens the ledger. */
  readonly startsNext?: boolean;
  /** The run's deadline, milliseconds from now. */
  readonly deadlineMs: number;
  /** Milliseconds that the checks have of it; all of it where nothing is said. */
  readonly checkMs?: number;
  /** The process that reads texts of others; one of its own where nothing is said. */
  readonly textReader?: OneChild;
}

/**
 * How long a look may take by itself where it has no deadline of its own, and how long a run has then; local files and /proc answer in
 * milliseconds, and only a file system that hangs takes longer. Who gives a run more time gives more to each look.
 */
const probeMs = 3000;
const usualMs = 20_000;

/** How long a reading that was told to end may take to do so; only a file system that hangs takes longer. */
const closeMs = 1000;

export interface LiveHost extends Host {
  /** What support needs of the ledger beyond the observations; null where it is not to be had. Throws CannotSee. */
  readonly inventory: (request: InventoryRequest, milliseconds: number) => Promise<StoreInventory | null>;
  /** A part of what a session said and was told; null where the ledger is not opened. Throws CannotSee. */
  readonly replay: (request: ReplayRequest, milliseconds: number) => Promise<SessionReplay | null>;
  /** The same from the ledger's pages, without SQLite: what is left of a damaged one. Throws CannotSee. */
  readonly rawRows: (request: ReplayRequest['replay'] | null) => Promise<RawRows>;
  /** What the daemon answers now, as it answers it, by path; empty where it is not to be asked. Throws CannotSee. */
  readonly answers: () => Promise<Readonly<Record<string, Exchange>>>;
}

/** A host that looks at this machine, and changes nothing on it, for as long as `use` takes; its signal fires with the deadline. */
export async function withLiveHost<T>(
  options: LiveOptions,
  signal: AbortSignal,
  use: (host: LiveHost, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = deadline(options.deadlineMs, signal);
  const host = liveHost(options, limit.signal);
  try {
    return await use(host, limit.signal);
  } finally {
    limit.done();
    await host.close();
  }
}

function liveHost(options: LiveOptions, signal: AbortSignal): LiveHost {
  const end = performance.now() + options.deadlineMs;
  const checksEnd = performance.now() + Math.min(options.deadlineMs, options.checkMs ?? options.deadlineMs);
  const endings: (() => Promise<void>)[] = [];
  const seen = new Map<ObservationKey, Promise<Observation>>();
  const done = new Map<unknown, Promise<unknown>>();

  const timeLeft = (): number => end - performance.now();
  const texts = makeTexts({ env: options.env, timeLeft, signal }, options.textReader);
  endings.push(texts.end);

  const look: Look = {
    source: 'option',
    deep: false,
    startsNext: false,
    ...options,
    signal,
    timeLeft,
    texts,
    waits: (work) => work,
    checksLeft: () => checksEnd - performance.now(),
    observe: async (key) => {
      const observation = await observe(key);
      if (!observation.ok)
        throw new CannotSee(observation.error.code, observation.error.message, observation.error.command);
      return observation.value;
    },
    once: <T>(work: (look: Look) => Promise<T>) => {
      const begun = (done.get(work) as Promise<T> | undefined) ?? work(look);
      done.set(work, begun);
      return begun;
    },
    onEnd: (end) => endings.push(end),
  };
  const takes: { readonly [K in ObservationKey]: { readonly take: (look: Look) => Promise<Observations[K]> } } =
    observations;

  const observe: Host['observe'] = (key) => {
    let observation = seen.get(key);
    if (!observation) {
      observation = take(
        key,
        (waits) => takes[key].take(ofOne(look, waits)),
        isOwnPaced(key) ? look.timeLeft() : probeMs * Math.max(1, options.deadlineMs / usualMs),
        signal,
      ).then((taken) => (taken.ok ? taken : { ...taken, error: withoutPath(taken.error, options.home) }));
      seen.set(key, observation);
    }
    return observation as ReturnType<typeof observe<typeof key>>;
  };
  return {
    observe,
    inventory: (request, milliseconds) =>
      inTime(async () => (await look.once(readStore)).inventory(request, milliseconds), signal),
    replay: (request, milliseconds) =>
      inTime(async () => (await look.once(readStore)).replay(request, milliseconds), signal),
    rawRows: (request) => inTime(() => readRawRows(look, request), signal),
    answers: () => inTime(() => rawAnswers(look), signal),
    close: async () => {
      // A reading that has not given up could put something into the folder that is being removed.
      await within(Promise.allSettled([done.get(readStore)]), closeMs, new AbortController().signal, () => undefined);
      for (const end of endings.reverse()) await end().catch(() => undefined);
    },
  };
}

/** Whatever work says as the run's time ends, that is why it has no answer. */
async function inTime<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw new CannotSee('overran', 'the time for the run was over');
    throw error;
  }
}

/** An error of the system names the path that it failed on: of the home it keeps the role alone. */
const withoutPath = (error: ObservationError, home: string): ObservationError => ({
  ...error,
  message: error.message.replaceAll(home, '<coven-home>'),
});

/** Looks that wait for the daemon or read the ledger keep deadlines of their own within the run's. */
const isOwnPaced = (key: ObservationKey): boolean =>
  key.startsWith('store.') || key.startsWith('daemon.') || key === 'processes' || key === 'home.held';

type Waits = <T>(work: Promise<T>) => Promise<T>;

/** What one look is given. What it waits for has limits of its own, of which none is the look's. */
const ofOne = (look: Look, waits: Waits): Look => ({
  ...look,
  waits,
  observe: (key) => waits(look.observe(key)),
  once: (work) => waits(look.once(work)),
  texts: {
    ...look.texts,
    story: (text) => waits(look.texts.story(text)),
    redact: (text) => waits(look.texts.redact(text)),
    freeText: (text) => waits(look.texts.freeText(text)),
  },
});

async function take<K extends ObservationKey>(
  key: K,
  probe: (waits: Waits) => Promise<Observations[K]>,
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
  let waiting = 0;
  const waits: Waits = async (work) => {
    waiting += 1;
    try {
      return await work;
    } finally {
      waiting -= 1;
    }
  };
  const looked = probe(waits).then(
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
  const limitOf = patienceOf(() => (waiting > 0 ? 0 : turnMs));
  return within(looked, milliseconds, signal, late, limitOf);
}
