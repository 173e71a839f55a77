import request from 'undici/lib/api/api-request.js';
import errors from 'undici/lib/core/errors.js';
// The client alone: all of undici takes as long to load as the rest of a diagnosis together.
import Client from 'undici/lib/dispatcher/client.js';
import { deadline } from '../deadline.ts';
import { parseJson } from '../json.ts';
import { isErrno } from './files.ts';

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
  const client = new Client('http://localhost', {
    socketPath,
    pipelining: 0,
    keepAliveTimeout: 1,
    connect: { timeout: deadlineMs },
  });
  const limit = deadline(deadlineMs, signal);
  let status: number | null = null;
  let length = 0;
  const end = (end: Exchange['end'], rest: Partial<Exchange> = {}): Exchange => ({
    end,
    status,
    body: null,
    errno: null,
    ms: Math.round(performance.now() - start),
    ...rest,
  });
  try {
    const response = await request.call(client, {
      path,
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : { method: 'GET' }),
      signal: limit.signal,
    });
    status = response.statusCode;
    const chunks: Buffer[] = [];
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bodyLimit) return end('too-large');
      chunks.push(chunk);
    }
    try {
      return end('json', {
        body: parseJson(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))),
      });
    } catch {
      return end('not-json');
    }
  } catch (error) {
    if (limit.signal.aborted || error instanceof errors.ConnectTimeoutError)
      return end(status === null ? 'no-bytes' : length > slowLimit ? 'too-large' : 'incomplete');
    for (const errno of ['ECONNREFUSED', 'ENOENT', 'EACCES', 'EPERM', 'EAGAIN', 'ENOTSOCK', 'EPROTOTYPE']) {
      if (isErrno(error, errno)) return end('connect', { errno });
    }
    if (error instanceof errors.HTTPParserError) return end('not-http');
    return end(status === null ? 'closed' : 'incomplete');
  } finally {
    limit.done();
    await client.destroy().catch(() => undefined);
  }
}
