import { deadline } from '../deadline.ts';
import type { Host } from '../host/host.ts';
import { liveHost } from '../host/live.ts';

/** A daemon that does not answer is watched for ten seconds of it. */
const lookMs = 20_000;

/** Looks at a home afresh through a host of its own, with a deadline, and changes nothing. */
export async function lookAfresh<T>(home: string, signal: AbortSignal, look: (host: Host) => Promise<T>): Promise<T> {
  const limit = deadline(lookMs, signal);
  const host = liveHost({
    home,
    source: 'option',
    env: process.env,
    deep: false,
    deadlineMs: lookMs,
    signal: limit.signal,
  });
  try {
    return await look(host);
  } finally {
    limit.done();
    await host.close();
  }
}
