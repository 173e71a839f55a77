import { harmless } from '../model/harmless.ts';
import { expand } from '../model/shell.ts';
import type { RunInfo } from '../repair/engine/runs.ts';
import { reasonWords } from './words/reasons.ts';

/** A line for each run, newest first, with what it mended and whether it can be taken back. */
export function renderRuns(runs: readonly RunInfo[], home: string): string {
  if (runs.length === 0) return 'No run has changed this home.\n';
  const lines = runs.map(({ id, state, fixes, undoes, undoneBy, why }) => {
    const what = undoes ? `took back ${undoes}` : fixes.join(', ') || 'changed nothing';
    const then = undoneBy
      ? `, taken back by ${undoneBy}`
      : state === 'unfinished'
        ? ', CUT OFF: run --fix to mend that'
        : '';
    return `${id}  ${what}${then}${why && state !== 'committed' ? `: ${reasonWords(why.code, why.facts)}` : ''}`;
  });
  return `${lines.map((line) => expand(harmless(line), home)).join('\n')}\n`;
}
