import * as v from 'valibot';
import type { ObservationKey } from '../model/observation.ts';
import * as observations from './observations/index.ts';
import type { TextKind } from './shape.ts';

/** The schema of every observation. */
export const schemas: { readonly [K in ObservationKey]: { readonly schema: () => v.GenericSchema } } = observations;

/** The key of every observation, in the same order everywhere. */
export const observationKeys = Object.keys(observations).sort() as readonly ObservationKey[];

/** A field with what its texts are, or a choice of a list of words; null where there is nothing to say of them. */
export interface Named {
  readonly word: string;
  readonly kind: TextKind | null;
}

/** Every word that the schemas name. */
export const namedInSchemas = (): readonly Named[] =>
  Object.values(schemas).flatMap(({ schema }) => [...namedIn(schema())]);

interface Parts {
  readonly entries?: Readonly<Record<string, v.GenericSchema>>;
  readonly item?: v.GenericSchema;
  readonly value?: v.GenericSchema;
  readonly wrapped?: v.GenericSchema;
  readonly options?: readonly (string | v.GenericSchema)[];
}

function* namedIn(schema: v.GenericSchema & Parts): Generator<Named> {
  for (const [word, inner] of Object.entries(schema.entries ?? {})) {
    yield { word, kind: kindIn(inner) };
    yield* namedIn(inner);
  }
  for (const option of schema.options ?? [])
    if (typeof option === 'string') yield { word: option, kind: null };
    else yield* namedIn(option);
  const inner = below(schema);
  if (inner) yield* namedIn(inner);
}

const below = ({ item, value, wrapped }: Parts): v.GenericSchema | undefined => item ?? value ?? wrapped;

function kindIn(schema: v.GenericSchema & Parts): TextKind | null {
  const inner = below(schema);
  return inner ? kindIn(inner) : ((v.getMetadata(schema).kind as TextKind | undefined) ?? null);
}
