import type * as v from 'valibot';
import type { ObservationKey, Observations } from '../../observation.ts';
import { daemonShapes } from './daemon.ts';
import { homeShapes } from './home.ts';
import { storeShapes } from './store.ts';

/** The shape of every observation. The compiler refuses one that tells something else than its type. */
export const shapes = { ...homeShapes, ...daemonShapes, ...storeShapes } satisfies {
  readonly [K in ObservationKey]: v.GenericSchema<unknown, Observations[K]>;
};

/** Never, unless a shape refuses what its type allows. */
type TooNarrow = {
  [K in ObservationKey]: Observations[K] extends v.InferOutput<(typeof shapes)[K]> ? never : K;
}[ObservationKey];
const none = <_T extends never>(): void => undefined;
none<TooNarrow>();
