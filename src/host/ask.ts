import { request } from 'node:http';
import { deadline } from '../deadline.ts';
import { parseJson } from '../json.ts';
import type { Answer } from './post.ts';

/** One request over a Unix socket: the JSON that came, or how far it got. */
export interface Exchange {
  readonly end: 'json' | 'not-json' | 'no-bytes' | 'incomplete' | 'too-large' | 'closed' | 'not-http' | 'connect';
  readonly status: number | null;
  readonly body: unknown;
  /** errno of a connect that failed. */
  readonly errno: string | null;
  readonly ms: number;
}

/** Clients of Coven read at most this much of an answer. Source: Coven's client library. */
const bodyLimit = 4 * 1024 ** 2;
/** The answers of Coven to what is asked here have some kilobytes: of more, it is no delay that the end is missing. */
const slowLimit = 64 * 1024;

const connectErrors = ['ECONNREFUSED', 'ENOENT', 'EACCES', 'EPERM', 'EAGAIN', 'ENOTSOCK', 'EPROTOTYPE'];

/**
 * Asks the daemon at `socketPath` for `path`; with `body`, by POST. The whole exchange, connecting included, has `deadlineMs`; a sender
 * without end is cut off by it or by the size limit. Never rejects. The socket path must fit sun_path: Node cuts a
 * longer one silently.
 */
export async function ask(
  socketPath: string,
  path: string,
  deadlineMs: number,
  signal: AbortSignal,
  body?: object,
): Promise<Exchange> {
  const start = performance.now();
  const limit = deadline(deadlineMs, signal);
  let status: number | null = null;
  let length = 0;
  let broken: Error | undefined;
  let answer: Answer | undefined;
  const end = (end: Exchange['end'], rest: Partial<Exchange> = {}): Exchange => ({
    end,
    status,
    body: null,
    errno: null,
    ms: Math.round(performance.now() - start),
    ...rest,
  });
  try {
    answer = body
      ? await (await import('./post.ts')).post(socketPath, path, body, limit.signal)
      : await get(socketPath, path, limit.signal, (error) => (broken ??= error));
    status = answer.status;
    const chunks: Buffer[] = [];
    for await (const chunk of answer.chunks) {
      length += chunk.length;
      if (length > bodyLimit) return end('too-large');
      chunks.push(chunk);
    }
    // An answer that says no length ends like this where the time is over, too.
    limit.signal.throwIfAborted();
    try {
      return end('json', {
        body: parseJson(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))),
      });
    } catch {
      return end('not-json');
    }
  } catch (error) {
    if (limit.signal.aborted)
      return end(status === null ? 'no-bytes' : length > slowLimit ? 'too-large' : 'incomplete');
    // What broke the connection, where the answer tells only that it broke.
    const code = String(((broken ?? error) as NodeJS.ErrnoException).code);
    if (connectErrors.includes(code)) return end('connect', { errno: code });
    // Codes of the parser of HTTP; an end in the midst of a head is one, too.
    if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') return end('not-http');
    return end(status === null ? 'closed' : 'incomplete');
  } finally {
    // Ends the connection, whatever of the exchange is left.
    limit.done();
    await answer?.close();
  }
}

/** Resolves with the head of an answer. Rejects where there is none, and when the signal fires, which ends the connection. */
function get(socketPath: string, path: string, signal: AbortSignal, onError: (error: Error) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Node's own client: undici, which posts, takes as long to load as the rest of a diagnosis.
    const asked = request({ socketPath, path, signal, agent: false, host: 'localhost' }, (chunks) =>
      resolve({ status: chunks.statusCode ?? null, chunks, close: async () => undefined }),
    );
    asked.on('error', (error) => {
      onError(error);
      reject(error);
    });
    // An answer that is none of ours, as one that changes the protocol, ends so.
    asked.on('close', () => reject(new Error('closed')));
    asked.end();
  });
}
