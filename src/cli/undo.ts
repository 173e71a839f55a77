import { lstatSync } from 'node:fs';
import { rowsSince } from '../backup/since.ts';
import { shownKept } from '../disclosure/rescue-shown.ts';
import { harmlessJson } from '../model/harmless.ts';
import { renderLost } from '../render/backup.ts';
import { renderProgress, renderRefusal, renderUndone } from '../render/fix.ts';
import { renderRuns } from '../render/runs.ts';
import type { NamedHome } from '../render/typed.ts';
import { keptRescues } from '../repair/engine/kept-rescues.ts';
import { Refusal } from '../repair/engine/refusal.ts';
import { listRuns } from '../repair/engine/runs.ts';
import { type Undone, undoRun } from '../repair/engine/undo.ts';
import type { Newer } from '../store/protocol.ts';
import { onScreen, print, printError, printScreen } from '../terminal/print.ts';

const refusedCode = 5;

/** `doctor undo [RUN]`: takes back what a run changed, or names everything that is in the way. */
export async function undo(
  named: NamedHome,
  run: string | undefined,
  json: boolean,
  signal: AbortSignal,
): Promise<number> {
  const home = named.path;
  const say = json ? () => undefined : (text: string) => void process.stdout.write(onScreen(text, process.stdout));
  const undone = await undoRun({ home, run, signal, tell: (progress) => say(renderProgress(progress, home)) });
  const lost = await lostBy(undone, home, signal);
  if (json) await print(`${JSON.stringify({ ...undone, ...(lost && { lost }) }, null, 2)}\n`);
  else await printScreen(renderUndone(undone, named) + (lost ? renderLost(lost) : ''));
  return undone.exit;
}

/** The rows that were written since, if an undo was refused because of them. */
async function lostBy({ reasons }: Undone, home: string, signal: AbortSignal): Promise<Newer | null> {
  const of = reasons.find(({ facts }) => typeof facts.item === 'string');
  if (!of) return null;
  const { run, item } = of.facts;
  const { dev } = lstatSync(home, { bigint: true });
  return rowsSince(home, String(dev), { run: String(run), item: String(item) }, signal);
}

/** `doctor runs`: every run of the home, newest first. Changes nothing. */
export async function runs(named: NamedHome, json: boolean, signal: AbortSignal): Promise<number> {
  const home = named.path;
  try {
    const list = listRuns(home);
    const kept = list.some(({ fixes }) => fixes.includes('rescue')) ? keptRescues(home) : [];
    const rescues = kept.length > 0 ? await shownKept(kept, signal) : [];
    if (json) {
      const rescue = (id: string): object => {
        const { run: _, undone: __, ...kept } = rescues.find(({ run }) => run === id) ?? {};
        return Object.keys(kept).length > 0 ? { rescue: kept } : {};
      };
      await print(
        harmlessJson(`${JSON.stringify({ runs: list.map((run) => ({ ...run, ...rescue(run.id) })) }, null, 2)}\n`),
      );
    } else await printScreen(renderRuns(list, rescues, named));
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    printError(renderRefusal(error.reason, home));
    if (json) await print(`${JSON.stringify({ ok: false, refused: error.reason }, null, 2)}\n`);
    return refusedCode;
  }
}
