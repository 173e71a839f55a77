import type { Observation, ObservationError, ObservationKey, Observations, Observed } from '../model/observation.ts';

/** The only door to the machine: every look is memoised, so a run sees one picture and reads each thing once. */
export interface Host {
  /** Never rejects: what could not be seen is an observation with its reason. */
  readonly observe: <K extends ObservationKey>(key: K) => Promise<Observation<Observations[K]>>;
  /** Ends every child and removes every scratch file of this host. */
  readonly close: () => Promise<void>;
}

/** Several observations by their keys; null in the place of one that failed. */
export async function see<const K extends ObservationKey>({ observe }: Pick<Host, 'observe'>, keys: readonly K[]) {
  const looks = await Promise.all(keys.map((key) => observe(key)));
  return Object.fromEntries(looks.map((look) => [look.key, look.ok ? look.value : null])) as unknown as Observed<K>;
}

/** Why a probe could not look. `code` is stable and short; `message` is one plain line; `command` makes it see. */
export class CannotSee extends Error {
  readonly code: string;
  readonly command: string | undefined;
  constructor(code: string, message: string, command?: string) {
    super(message);
    this.code = code;
    this.command = command;
  }
}

/** `error` as a code and one line, whatever was thrown. */
export function reasonOf(error: unknown): ObservationError {
  if (error instanceof CannotSee) {
    const { code, message, command } = error;
    return { code, message, ...(command !== undefined && { command }) };
  }
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'probe-failed';
    return { code, message: error.message.split('\n', 1)[0] ?? '' };
  }
  return { code: 'probe-failed', message: String(error) };
}
