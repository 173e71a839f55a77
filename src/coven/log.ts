const stepLimit = 200;

/**
 * The last start-up step or error that a recovery log tells of since a time (ISO 8601), without its own time; null where
 * it tells of neither: what an earlier start wrote says nothing of this one.
 * Coven writes `startup_checkpoint phase=NAME elapsed_ms=…` for each step, and nothing when a step fails.
 */
export function lastStep(text: string, since: string): string | null {
  const last = text
    .split('\n')
    .findLast((line) => /^\[[^\]]*\] (startup_checkpoint phase=|error: |daemon panic: )/.test(line));
  const at = Date.parse(last?.slice(1, last.indexOf(']')) ?? '');
  if (!last || !(at >= Date.parse(since))) return null;
  const said = last.slice(last.indexOf('] ') + 2);
  return (/^startup_checkpoint phase=(\S+)/.exec(said)?.[1] ?? said).slice(0, stepLimit);
}
