import type { Host } from '../host/host.ts';
import { withLiveHost } from '../host/live.ts';

/** A daemon that does not answer is watched for ten seconds of it. */
const lookMs = 20_000;

/** Looks at a home afresh through a host of its own, with a deadline, and changes nothing. */
export const lookAfresh = <T>(home: string, signal: AbortSignal, look: (host: Host) => Promise<T>): Promise<T> =>
  withLiveHost({ home, env: process.env, deadlineMs: lookMs }, signal, look);
