import type { LogError } from '../model/observation.ts';

/** Errors that are told, the most frequent first; and different ones that are counted apart, whatever a log holds. */
const told = 8;
const kindsLimit = 1000;
/** A line is one kind with another where their first characters are equal but for numbers and ids. */
const keyLength = 300;
const burstMs = 600_000;

/** What a line of a start or a stop says, which is no error however often it comes. */
const ordinary = /^(?:startup_|daemon (?:starting|stopping|stopped)\b)/;

/** Words of a failure in English: what Coven, SQLite or the system says of one holds at least one of them. */
const failing =
  /\b(?:errors?|fail(?:ed|s|ure)?|denied|refused|refusing|exhausted|cannot|could not|unable|unavailable|too many|no space|is full|malformed|corrupt|timed out|poisoned|overflowed|panicked|aborted|invalid|locked|broken)\b/i;

interface Kind {
  readonly said: string;
  readonly times: number[];
  readonly firstAt: string | null;
  lastAt: string | null;
}

/** Collects the lines of a log that tell of no step of a start: by what they say but for numbers and ids. */
export function collectErrors() {
  const kinds = new Map<string, Kind>();
  return {
    /** `at` is the time of the line; of a line without one, the time of the last line before it. */
    add(said: string, at: string | null): void {
      if (ordinary.test(said)) return;
      const key = said
        .slice(0, keyLength)
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '0')
        .replace(/\d+/g, '0');
      const kind = kinds.get(key);
      if (!kind && kinds.size >= kindsLimit) return;
      const times: number[] = kind?.times ?? [];
      times.push(Date.parse(at ?? ''));
      if (kind) kind.lastAt = at ?? kind.lastAt;
      else kinds.set(key, { said, times, firstAt: at, lastAt: at });
    },
    all: (): readonly LogError[] =>
      [...kinds.values()]
        .map(({ said, times, firstAt, lastAt }) => ({
          said,
          times: times.length,
          burst: burst(times),
          firstAt,
          lastAt,
          failure: failing.test(said),
        }))
        .sort((a, b) => b.times - a.times)
        .slice(0, told),
  };
}

/** How many of them came within the ten minutes before the last one; all of them where none has a time. */
function burst(times: readonly number[]): number {
  const last = times.findLast((time) => !Number.isNaN(time));
  return last === undefined ? times.length : times.filter((time) => !(time < last - burstMs)).length;
}
