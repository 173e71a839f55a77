import { command } from '../model/advice.ts';
import { count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { lossWords } from '../model/rescue-told.ts';
import { expand } from '../model/shell.ts';
import type { KeptRescue } from '../repair/engine/kept-rescues.ts';
import type { RunInfo } from '../repair/engine/runs.ts';
import { type NamedHome, typedLine } from './typed.ts';
import { reasonWords } from './words/reasons.ts';

const mostSessions = 10;

/** What a rescue did not bring back, below its run. */
function rescueLines({ rescued, sessions, incomplete, ...counts }: KeptRescue): readonly string[] {
  const named = sessions.slice(0, mostSessions).map(({ id }) => id);
  const more = incomplete > named.length ? ` and ${incomplete - named.length} more` : '';
  return [
    `    ${count(rescued, 'row')} came back, and ${lossWords(counts)}`,
    ...(named.length > 0 ? [`    sessions that are not complete, or may not be: ${named.join(', ')}${more}`] : []),
  ];
}

/** One line for each run, newest first: what it fixed and whether it can be undone; `rescues` are those of the same home. */
export function renderRuns(runs: readonly RunInfo[], rescues: readonly KeptRescue[], home: NamedHome): string {
  if (runs.length === 0) return 'No run has changed this home.\n';
  const lines = runs.flatMap(({ id, state, fixes, undoes, undoneBy, why }) => {
    const what = undoes ? `took back ${undoes}` : fixes.join(', ') || 'changed nothing';
    const then = undoneBy ? `, taken back by ${undoneBy}` : state === 'unfinished' ? ', CUT OFF' : '';
    const kept = rescues.find(({ run }) => run === id);
    return [
      `${id}  ${what}${then}${why && state !== 'committed' ? `: ${reasonWords(why.code, why.facts)}` : ''}`,
      ...(kept ? rescueLines(kept) : []),
    ];
  });
  const isCutOff = runs.some(({ state }) => state === 'unfinished');
  const next = isCutOff
    ? `What was cut off is finished or taken back with:\n  ${typedLine(command('coven-doctor', '--fix'), home)}\n`
    : '';
  return `${lines.map((line) => expand(harmless(line), home.path)).join('\n')}\n${next}`;
}
