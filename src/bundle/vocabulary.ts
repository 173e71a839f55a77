import { apiVersion, harnessCommands, requiredCapabilities } from '../coven/contract.ts';
import { gateNames, lockNames, names } from '../coven/layout.ts';
import { coreColumns, coreTables } from '../coven/tables.ts';
import { namedInSchemas } from '../host/schemas.ts';

/**
 * Words that checks decide on and that reveal nothing. Redaction keeps them, so that an analysis decides like the live
 * run, whatever the names of user, machine and projects are.
 */
export function vocabulary(): ReadonlySet<string> {
  return new Set<string>([
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
    ...namedInSchemas().map(({ word }) => word),
  ]);
}

const foldersOfHome = ['keys', 'secrets', 'mobile', 'adapters', 'doctor', 'reset-backups', 'repos.toml'];
/** Statuses of sessions, storage and event writer, and platforms. */
const said =
  'created running completed failed orphaned killed ok warning degraded critical healthy pressured linux darwin coven-doctor'.split(
    ' ',
  );
/** Steps of a start that checks distinguish. */
const phases = ['daemon-store-end', 'status-publication-begin', 'status-publication-end'];
