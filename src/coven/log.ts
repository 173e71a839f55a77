const stepLimit = 200;

/**
 * The last start-up step or error that a recovery log tells of, without its time; null where it tells of neither.
 * Coven writes `startup_checkpoint phase=NAME elapsed_ms=…` for each step, and nothing when a step fails.
 */
export function lastStep(text: string): string | null {
  const last = text
    .split('\n')
    .findLast((line) => /^\[[^\]]*\] (startup_checkpoint phase=|error: |daemon panic: )/.test(line));
  if (!last) return null;
  const said = last.slice(last.indexOf('] ') + 2);
  return (/^startup_checkpoint phase=(\S+)/.exec(said)?.[1] ?? said).slice(0, stepLimit);
}
