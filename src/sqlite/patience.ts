import { readFileSync } from 'node:fs';

/** A disk that does not answer takes no CPU time. */
const clockFactor = 3;

/**
 * Tells that the time is over: so many milliseconds of CPU time of this process, so that a busy machine reads as much as
 * an idle one, or three times as many by the clock, without those in which it waited for a processor.
 */
export function patience(milliseconds: number): () => boolean {
  const isSpent = budget(milliseconds);
  const [began, waited] = [performance.now(), waitedMs()];
  const most = clockFactor * milliseconds;
  let next = began + most;
  return () => {
    if (isSpent()) return true;
    const now = performance.now();
    if (now <= next) return false;
    const left = began + most + waitedMs() - waited - now;
    next = now + Math.max(left, askMs);
    return left <= 0;
  };
}

/** How long this process, ready to run, has waited for a processor. Source: proc_pid_schedstat(5), the second field, in ns. */
function waitedMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6 || 0;
  } catch {
    return 0;
  }
}

/** Asking for the CPU time takes as long as reading some pages, so that it is asked for no more than once in so many milliseconds. */
const askMs = 1;

/** Tells that this process has used so many milliseconds of CPU time from now on. */
export function budget(milliseconds: number): () => boolean {
  const end = cpuMs() + milliseconds;
  let ask = 0;
  let isSpent = false;
  return () => {
    const now = performance.now();
    if (isSpent || now < ask) return isSpent;
    ask = now + askMs;
    isSpent = cpuMs() > end;
    return isSpent;
  };
}

/** CPU time of this process. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
