import { Refusal } from '../fix/engine/refusal.ts';
import { listRuns } from '../fix/engine/runs.ts';
import { undoRun } from '../fix/engine/undo.ts';
import { renderProgress, renderRefusal, renderUndone } from '../render/fix.ts';
import { renderRuns } from '../render/runs.ts';
import { print } from './print.ts';

const refusedCode = 5;

/** `doctor undo [RUN]`: takes back what a run changed, or names everything that is in the way. */
export async function undo(home: string, run: string | undefined, json: boolean, signal: AbortSignal): Promise<number> {
  const say = json ? () => undefined : (text: string) => void process.stdout.write(text);
  const undone = await undoRun({ home, run, signal, tell: (progress) => say(renderProgress(progress, home)) });
  await print(json ? `${JSON.stringify(undone, null, 2)}\n` : renderUndone(undone, home));
  return undone.exit;
}

/** `doctor runs`: every run of the home, newest first. Changes nothing. */
export async function runs(home: string, json: boolean): Promise<number> {
  try {
    const list = listRuns(home);
    await print(json ? `${JSON.stringify({ runs: list }, null, 2)}\n` : renderRuns(list));
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(renderRefusal(error.reason, home));
    return refusedCode;
  }
}
