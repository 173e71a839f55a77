import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { Unsafe } from '../../host/outside.ts';
import { type OutsideFile, refuseExisting } from '../../host/outside-file.ts';
import type { Report } from '../../run/report.ts';
import { UsageError } from '../../terminal/usage.ts';
import { placeOf } from './outputs.ts';

/** The file of a bundle, by the run that it is of. */
export type PlaceOf = (run: Pick<Report, 'runId' | 'startedAt'>) => OutsideFile;

/**
 * Opens the folder for a bundle. Without -o, the name is made of the run's date and id, which are known only at its end. An older
 * file is refused here, before the work, and again when the bundle gets its name.
 */
export function placeIn(output: string | null, home: string, replaces = false): PlaceOf {
  if (output !== null) {
    const file = placeOf('-o', resolve(output), home);
    if (!replaces) refuseOlder(output, file);
    return () => file;
  }
  // Only the folder is checked here, with a name that nobody uses. The real name is checked when the file is written.
  const { folder } = placeOf('bundle', resolve(`.coven-doctor-${randomUUID()}`), home);
  return (run) => ({ folder, name: ownName(run), path: join(folder.path, ownName(run)) });
}

function refuseOlder(output: string, file: OutsideFile): void {
  try {
    refuseExisting(file);
  } catch (error) {
    if (error instanceof Unsafe) throw new UsageError(`-o ${output}: ${error.message}; --force replaces it`);
    throw error;
  }
}

const ownName = ({ runId, startedAt }: Pick<Report, 'runId' | 'startedAt'>): string =>
  `coven-doctor-${startedAt.slice(0, '2026-12-31'.length)}-${runId.slice(0, 8)}.zip`;
