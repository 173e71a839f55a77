import * as v from 'valibot';
import type { Observation } from '../model/observation.ts';
import { plainDocument } from './clean.ts';
import { parseMember } from './json.ts';
import type { Member } from './part.ts';
import { BundleRefused } from './refused.ts';

const memberName = 'observations.json';
const limitBytes = 64 * 1024 ** 2;

/** The run in which the observations were made. */
export interface Run {
  readonly runId: string;
  readonly startedAt: string;
  /** Milliseconds. */
  readonly durationMs: number;
}

export interface Recording {
  readonly run: Run;
  readonly observations: readonly unknown[];
}

/** The input of an analysis: all observations, and when they were made. */
export const recordingOf = (run: Run, observations: readonly Observation[]): Member => ({
  name: memberName,
  bytes: plainDocument({ schema: 'coven-doctor.observations/1', run, observations }),
});

const text = v.pipe(v.string(), v.maxLength(100));
const recording = v.object({
  schema: v.literal('coven-doctor.observations/1'),
  run: v.object({
    runId: text,
    startedAt: v.pipe(text, v.isoTimestamp()),
    durationMs: v.pipe(v.number(), v.finite(), v.minValue(0)),
  }),
  // Each observation is checked against its schema when it is used.
  observations: v.pipe(v.array(v.unknown()), v.maxLength(1000)),
});

/** The recording in a bundle. Throws BundleRefused if there is none. */
export function parseRecording(members: ReadonlyMap<string, Buffer>): Recording {
  const bytes = members.get(memberName);
  if (!bytes) throw new BundleRefused('member-missing', { member: memberName });
  const parsed = v.safeParse(recording, parseMember(memberName, bytes, limitBytes));
  if (!parsed.success) throw new BundleRefused('not-json', { member: memberName });
  return parsed.output;
}
