import { join } from 'node:path';
import { startChild } from '../../child/child.ts';
import { NoSqlite } from '../../child/no-sqlite.ts';
import { names } from '../../coven/layout.ts';
import type { Step } from '../../model/step.ts';
import type { MendAnswer, MendRequest } from '../../store/protocol.ts';
import { likeness } from './attributes.ts';
import { mendedName, mendedTime, needsSettled, settledName, settledTime } from './kinds/ledger.ts';
import type { Reason } from './refusal.ts';
import { quarantineName } from './run.ts';

const answerLimit = 16_384;
/** A copy of any size is checked whole; what takes longer than this waits for something that does not come. */
const deadlineMs = 3_600_000;

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
    const answer = await ask(
      {
        source: snapshot,
        into: join(folder, mendedName(id)),
        settled: settled === null ? null : join(folder, settled),
        work: action.kind,
        values: (action.kind === 'rebuild-index' && action.values) || [],
      },
      signal,
    );
    signal.throwIfAborted();
    if (!answer.ok) {
      unmade.set(id, { code: 'cannot-mend', facts: { path: names.ledger, why: answer.reason } });
      continue;
    }
    likeness(folder, mendedName(id), action.ledger.main, mendedTime(action.ledger));
    if (settled !== null) likeness(folder, settled, action.ledger.main, settledTime(action.ledger));
  }
  return unmade;
}

async function ask(request: MendRequest, signal: AbortSignal): Promise<MendAnswer> {
  const child = startChild('mender', { lineLimit: answerLimit });
  try {
    child.tell(request);
    const line = await child.line(deadlineMs, signal);
    if (typeof line === 'object') {
      await child.finish();
      return JSON.parse(line.text) as MendAnswer;
    }
    await child.kill();
    return { ok: false, reason: `the process that mends the copy ${line === 'late' ? 'was ended' : child.describe()}` };
  } catch (error) {
    if (!(error instanceof NoSqlite)) throw error;
    return { ok: false, reason: `${error.message}; repair the installation: ${error.command}` };
  } finally {
    await child.kill();
  }
}
