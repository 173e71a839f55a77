import { statSync } from 'node:fs';
import { join } from 'node:path';
import { NoSqlite } from '../../child/no-sqlite.ts';
import { names } from '../../coven/layout.ts';
import type { Step } from '../../model/step.ts';
import { askJob } from '../../store/ask.ts';
import type { MendRequest } from '../../store/protocol.ts';
import { likeness } from './attributes.ts';
import { mendedName, mendedTime, needsSettled, settledName, settledTime } from './kinds/ledger.ts';
import type { Reason } from './refusal.ts';
import { quarantineName } from './run.ts';

/**
 * Makes the mended copies that steps of a plan will put in the ledger's place, from the proven snapshot of the backup: the
 * home's ledger is opened by nobody. `run` is the folder of the run. Tells by the step's id
 * where none could be made that is intact and holds the same rows.
 */
export async function makeMends(
  steps: readonly Step[],
  snapshot: string,
  run: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Reason>> {
  const unmade = new Map<string, Reason>();
  for (const { id, action } of steps) {
    if (action.kind !== 'checkpoint' && action.kind !== 'rebuild-index' && action.kind !== 'rebuild-search') continue;
    const folder = join(run, quarantineName);
    const settled = needsSettled(action) ? settledName(id) : null;
    const why = await mend(
      {
        source: snapshot,
        into: join(folder, mendedName(id)),
        settled: settled === null ? null : join(folder, settled),
        work: action.kind,
        values: (action.kind === 'rebuild-index' && action.values) || [],
      },
      signal,
    );
    if (why !== null) {
      unmade.set(id, { code: 'cannot-mend', facts: { path: names.ledger, why } });
      continue;
    }
    likeness(folder, mendedName(id), action.ledger.main, mendedTime(action.ledger));
    if (settled !== null) likeness(folder, settled, action.ledger.main, settledTime(action.ledger));
  }
  return unmade;
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Why the copy could not be made, or null. */
async function mend(request: MendRequest, signal: AbortSignal): Promise<string | null> {
  try {
    const outcome = await askJob('mend', request, signal, {
      bytes: sizeOf(request.source) + sizeOf(`${request.source}-wal`),
    });
    if ('answer' in outcome) return null;
    return outcome.message ?? `the process that mends the copy ${outcome.how}`;
  } catch (error) {
    if (!(error instanceof NoSqlite)) throw error;
    return `${error.message}; repair the installation: ${error.command}`;
  }
}
