import type { Observation, ObservationKey, Observations } from '../observation.ts';

/** The only door to the machine: every look is memoised, so a run sees one picture and reads each thing once. */
export interface Host {
  /** Never rejects: what could not be seen is an observation with its reason. */
  readonly observe: <K extends ObservationKey>(key: K) => Promise<Observation<Observations[K]>>;
  /** Ends every child and removes every scratch file of this host. */
  readonly close: () => Promise<void>;
}

/** Why a probe could not look. `code` is stable and short; `message` is one plain line. */
export class CannotSee extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** `error` as a code and one line, whatever was thrown. */
export function reasonOf(error: unknown): { code: string; message: string } {
  if (error instanceof CannotSee) return { code: error.code, message: error.message };
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'probe-failed';
    return { code, message: error.message.split('\n', 1)[0] ?? '' };
  }
  return { code: 'probe-failed', message: String(error) };
}
