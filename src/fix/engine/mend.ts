import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { names } from '../../coven/layout.ts';
import { packageRoot } from '../../host/package.ts';
import type { MendAnswer, MendRequest } from '../../store/protocol.ts';
import type { Step } from '../step.ts';
import { likeness } from './hand.ts';
import { mendedName, mendedTime, needsSettled, settledName, settledTime } from './kinds/ledger.ts';
import type { Reason } from './refusal.ts';
import { quarantineName } from './run.ts';

const answerLimit = 16_384;

/**
 * Makes the mended copies that steps of a plan will put in the ledger's place, from the proven snapshot of the backup: the
 * home's ledger is opened by nobody. `run` is the folder of the run. Tells by the step's id
 * where none could be made that is intact and holds the same rows.
 */
export async function makeMends(
  steps: readonly Step[],
  snapshot: string,
  run: string,
): Promise<ReadonlyMap<string, Reason>> {
  const unmade = new Map<string, Reason>();
  for (const { id, action } of steps) {
    if (action.kind !== 'checkpoint' && action.kind !== 'rebuild-index' && action.kind !== 'rebuild-search') continue;
    const folder = join(run, quarantineName);
    const settled = needsSettled(action) ? settledName(id) : null;
    const answer = await ask({
      source: snapshot,
      into: join(folder, mendedName(id)),
      settled: settled === null ? null : join(folder, settled),
      work: action.kind,
    });
    if (!answer.ok) {
      unmade.set(id, { code: 'cannot-mend', facts: { path: names.ledger, why: answer.reason } });
      continue;
    }
    likeness(folder, mendedName(id), action.ledger.main, mendedTime(action.ledger));
    if (settled !== null) likeness(folder, settled, action.ledger.main, settledTime(action.ledger));
  }
  return unmade;
}

function ask(request: MendRequest): Promise<MendAnswer> {
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'mender.js')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
    cwd: '/',
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, answerLimit);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${JSON.stringify(request)}\n`);
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ok: false, reason: error.message }));
    child.once('close', (code, signal) => {
      try {
        resolve(JSON.parse(said) as MendAnswer);
      } catch {
        resolve({ ok: false, reason: `the process that mends the copy ended with ${signal ?? code}` });
      }
    });
  });
}
