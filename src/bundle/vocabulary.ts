import type * as v from 'valibot';
import { apiVersion, harnessCommands, requiredCapabilities } from '../coven/contract.ts';
import { gateNames, lockNames, names } from '../coven/layout.ts';
import { coreColumns, coreTables } from '../coven/tables.ts';
import { shapes } from '../host/shapes/index.ts';

/**
 * Words that checks decide on, and that say nothing of anybody: redaction leaves them as they are, so that an analysis
 * decides as the live run did, whatever the user, the machine and the projects are called.
 */
export function vocabulary(): ReadonlySet<string> {
  const words = new Set<string>([
    ...Object.values(names),
    ...lockNames,
    ...Object.values(gateNames),
    ...foldersOfHome,
    ...harnessCommands,
    ...Object.entries(coreColumns).flatMap(([table, columns]) => [table, ...columns]),
    ...coreTables,
    ...Object.keys(requiredCapabilities),
    ...Object.values(requiredCapabilities).map(String),
    apiVersion,
    ...said,
    ...phases,
  ]);
  for (const shape of Object.values(shapes)) collect(shape, words);
  return words;
}

const foldersOfHome = ['keys', 'secrets', 'mobile', 'adapters', 'doctor', 'reset-backups', 'repos.toml'];
/** Statuses of sessions, storage and event writer, and platforms. */
const said =
  'created running completed failed orphaned killed ok warning degraded critical healthy pressured linux darwin coven-doctor'.split(
    ' ',
  );
/** Steps of a start that checks tell apart. */
const phases = ['daemon-store-end', 'status-publication-begin', 'status-publication-end'];

/** What a schema names: the keys of its objects and the choices of its lists. */
interface Named {
  readonly entries?: Readonly<Record<string, v.GenericSchema>>;
  readonly item?: v.GenericSchema;
  readonly value?: v.GenericSchema;
  readonly wrapped?: v.GenericSchema;
  readonly options?: readonly (string | v.GenericSchema)[];
}

function collect(schema: v.GenericSchema, words: Set<string>): void {
  const { entries = {}, item, value, wrapped, options = [] } = schema as v.GenericSchema & Named;
  for (const [key, inner] of Object.entries(entries)) {
    words.add(key);
    collect(inner, words);
  }
  for (const option of options) {
    if (typeof option === 'string') words.add(option);
    else collect(option, words);
  }
  for (const inner of [item, value, wrapped]) if (inner) collect(inner, words);
}
