/** A disk that does not answer takes no CPU time. */
const clockFactor = 3;

/**
 * Tells that the time is over: so many milliseconds of CPU time of this process, so that a busy machine reads as much as
 * an idle one, or three times as many by the clock.
 */
export function patience(milliseconds: number): () => boolean {
  const cpu = cpuMs() + milliseconds;
  const clock = performance.now() + clockFactor * milliseconds;
  return () => cpuMs() > cpu || performance.now() > clock;
}

/** CPU time of this process. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
