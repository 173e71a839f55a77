import * as v from 'valibot';
import type { Observation, ObservationKey } from '../model/observation.ts';
import type { Host } from './host.ts';
import { observationKeys, schemas } from './schemas.ts';

const text = (limit: number) => v.pipe(v.string(), v.maxLength(limit));
const took = { at: text(64), ms: v.pipe(v.number(), v.finite()) };
const recorded = v.variant('ok', [
  v.object({ ...took, ok: v.literal(true), value: v.unknown() }),
  v.object({
    ...took,
    ok: v.literal(false),
    error: v.object({ code: text(64), message: text(4096), command: v.exactOptional(text(4096)) }),
  }),
]);

/**
 * A host that replays what another run saw, from `observations` as JSON gave them, and looks at nothing. They may be
 * anybody's: what does not have its shape is an observation that failed (`recorded-invalid`), and so is one that was
 * recorded twice; what is not there failed, too (`not-recorded`).
 */
export function recordedHost(observations: readonly unknown[]): Host {
  const seen = new Map<ObservationKey, Observation>();
  for (const given of observations) {
    const key = keyOf(given);
    if (key === null) continue;
    seen.set(key, seen.has(key) ? invalid(key) : replayed(key, given));
  }
  const observe: Host['observe'] = async (key) =>
    (seen.get(key) ?? failed(key, 'not-recorded', 'the bundle does not hold it')) as Awaited<
      ReturnType<typeof observe<typeof key>>
    >;
  return { observe, close: async () => undefined };
}

function keyOf(given: unknown): ObservationKey | null {
  const key = given !== null && typeof given === 'object' && 'key' in given ? given.key : null;
  return observationKeys.find((known) => known === key) ?? null;
}

function replayed(key: ObservationKey, given: unknown): Observation {
  const { success, output } = v.safeParse(recorded, given);
  if (!success) return invalid(key);
  if (!output.ok) return { key, ...output };
  const value = v.safeParse(schemas[key].schema(), output.value);
  return value.success ? { key, ...output, value: value.output } : invalid(key);
}

const failed = (key: ObservationKey, code: string, message: string): Observation => ({
  key,
  at: '',
  ms: 0,
  ok: false,
  error: { code, message },
});

const invalid = (key: ObservationKey): Observation =>
  failed(key, 'recorded-invalid', 'what the bundle holds of it does not have its shape');
