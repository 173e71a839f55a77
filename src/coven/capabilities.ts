import type { HealthBody } from '../model/observation.ts';

/** What a client may use, by name, and how. */
export type Announced = ReadonlyMap<string, string>;

/**
 * What a health answer announces: what is false, empty or nothing is not announced, and of a list each entry is a
 * capability of its own, as `executionBindingContracts:psyche.execution_binding.v1`.
 */
export function announced(body: Pick<HealthBody, 'capabilities'> | null): Announced {
  return new Map(
    Object.entries(body?.capabilities ?? {}).flatMap(([name, held]): (readonly [string, string])[] => {
      if (Array.isArray(held)) return held.map((entry) => [`${name}:${entry}`, 'true']);
      return held ? [[name, String(held)]] : [];
    }),
  );
}
