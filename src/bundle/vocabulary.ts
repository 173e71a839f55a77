import { apiVersion, harnessCommands, requiredCapabilities } from '../coven/contract.ts';
import { gateNames, lockNames, names } from '../coven/layout.ts';
import { coreColumns, coreTables } from '../coven/tables.ts';
import { namedInSchemas } from '../host/schemas.ts';

/**
 * Words that checks decide on, and that say nothing of anybody: redaction leaves them as they are, so that an analysis
 * decides as the live run did, whatever the user, the machine and the projects are called.
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
/** Steps of a start that checks tell apart. */
const phases = ['daemon-store-end', 'status-publication-begin', 'status-publication-end'];
