import type { HomeSource } from '../coven/layout.ts';
import type { ObservationKey, Observations, Seen } from '../model/observation.ts';
import type { Reading } from '../model/reading.ts';
import type { Texts } from './texts.ts';

/** What an observation is taken with. */
export interface Look {
  readonly home: string;
  readonly source: HomeSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Read everything, however long it takes within the run's deadline. */
  readonly deep: boolean;
  /** Is told what a deep reading of the ledger is at; null is its end. */
  readonly onReading?: ((reading: Reading | null) => void) | undefined;
  /** A start or an upgrade is about to come, which opens the ledger. */
  readonly startsNext: boolean;
  /** Milliseconds until the run's deadline. */
  readonly timeLeft: () => number;
  /** Milliseconds until the checks have to be judged, which may be before that. */
  readonly checksLeft: () => number;
  /** Fires when the run is over. */
  readonly signal: AbortSignal;
  /** Reads what earlier repairs left; absent where nobody repairs. */
  readonly seeRuns?: ((look: Look) => Promise<Observations['home.runs']>) | undefined;
  /** Reads what others wrote, in a process of its own. */
  readonly texts: Texts;
  /** Another observation's value; throws CannotSee where it failed. */
  readonly observe: <K extends ObservationKey>(key: K) => Promise<Observations[K]>;
  /** What several observations share, done once a run. */
  readonly once: <T>(work: (look: Look) => Promise<T>) => Promise<T>;
  /** Waits for a process that has a limit of its own: the look has its time for the rest. */
  readonly waits: <T>(work: Promise<T>) => Promise<T>;
  /** Is called when the run is over, the last one first. */
  readonly onEnd: (end: () => Promise<void>) => void;
}

/** Several observations by their keys; throws CannotSee where one failed. */
export async function observeAll<const K extends ObservationKey>({ observe }: Look, keys: readonly K[]) {
  const seen = await Promise.all(keys.map(async (key) => [key, await observe(key)] as const));
  return Object.fromEntries(seen) as unknown as Seen<K>;
}
