import { command } from '../model/advice.ts';
import { harmless } from '../model/harmless.ts';
import { expand } from '../model/shell.ts';
import type { RunInfo } from '../repair/engine/runs.ts';
import { type NamedHome, typedLine } from './typed.ts';
import { reasonWords } from './words/reasons.ts';

/** One line for each run, newest first: what it fixed and whether it can be undone. */
export function renderRuns(runs: readonly RunInfo[], home: NamedHome): string {
  if (runs.length === 0) return 'No run has changed this home.\n';
  const lines = runs.map(({ id, state, fixes, undoes, undoneBy, why }) => {
    const what = undoes ? `took back ${undoes}` : fixes.join(', ') || 'changed nothing';
    const then = undoneBy ? `, taken back by ${undoneBy}` : state === 'unfinished' ? ', CUT OFF' : '';
    return `${id}  ${what}${then}${why && state !== 'committed' ? `: ${reasonWords(why.code, why.facts)}` : ''}`;
  });
  const isCutOff = runs.some(({ state }) => state === 'unfinished');
  const next = isCutOff
    ? `What was cut off is finished or taken back with:\n  ${typedLine(command('coven-doctor', '--fix'), home)}\n`
    : '';
  return `${lines.map((line) => expand(harmless(line), home.path)).join('\n')}\n${next}`;
}
