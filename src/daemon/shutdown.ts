import { apiVersion } from '../coven/contract.ts';
import { failure, invalid } from './answers.ts';
import type { Read } from './query.ts';
import { type Daemon, isDaemon } from './record.ts';

/** Whether a request to stop names exactly this daemon; the body of the answer when it does. */
export function readShutdown(body: string, daemon: Daemon): Read<object> {
  let wanted: Readonly<Record<string, unknown>>;
  try {
    wanted = JSON.parse(body) ?? {};
  } catch {
    return { refusal: invalid('invalid daemon shutdown request: it is not JSON') };
  }
  for (const field of ['apiVersion', 'daemon'])
    if (wanted[field] === undefined)
      return { refusal: invalid(`invalid daemon shutdown request: missing field \`${field}\``) };
  if (wanted.apiVersion !== apiVersion || !isDaemon(wanted.daemon, daemon))
    return {
      refusal: failure(409, 'daemon_identity_mismatch', 'Daemon identity did not match; refusing lifecycle shutdown.'),
    };
  return { value: { apiVersion, capabilities: { structuredErrors: true }, daemon, ok: true } };
}
