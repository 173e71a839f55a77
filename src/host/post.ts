import request from 'undici/lib/api/api-request.js';
// The client alone: all of undici takes as long to load as a diagnosis takes.
import Client from 'undici/lib/dispatcher/client.js';

/** The head of an answer. */
export interface Answer {
  readonly status: number | null;
  readonly chunks: AsyncIterable<Buffer>;
  /** Ends the connection. */
  readonly close: () => Promise<void>;
}

/** Resolves with the head of the answer to a POST. Rejects where there is none, and when the signal fires. */
export async function post(socketPath: string, path: string, body: object, signal: AbortSignal): Promise<Answer> {
  // The signal bounds the connecting, too. A client sends a request once, whatever becomes of the connection.
  const client = new Client('http://localhost', {
    socketPath,
    pipelining: 0,
    keepAliveTimeout: 1,
    connect: { timeout: 0 },
  });
  const close = async (): Promise<void> => client.destroy().catch(() => undefined);
  try {
    const { statusCode, body: chunks } = await request.call(client, {
      path,
      method: 'POST',
      body: JSON.stringify(body),
      signal,
    });
    return { status: statusCode, chunks, close };
  } catch (error) {
    await close();
    throw error;
  }
}
