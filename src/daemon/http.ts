import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, internal, tooLarge } from './answers.ts';
import type { RecoveryLog } from './log.ts';

export interface Request {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly body: string;
}

/** Largest body, and connections served at once. Source: Coven. */
const bodyLimitBytes = 4 * 1024 ** 2;
const connectionLimit = 64;
/** Until when a sender must have sent its headers, and its whole request, milliseconds. */
const slowest = { headers: 5000, request: 15_000, look: 1000 };

/**
 * An HTTP server that answers one request a connection through `handle`, with exactly the headers that Coven sends.
 * What is no HTTP is closed without a byte, a sender that is too slow is cut off, and when the connections are many, the
 * oldest that has not sent its request gives way: nobody can keep others from being served.
 */
export function createApi(handle: (request: Request) => Promise<Answer>, log: RecoveryLog): Server {
  const connections = new Map<Socket, 'sending' | 'served'>();
  const server = createServer(
    {
      headersTimeout: slowest.headers,
      requestTimeout: slowest.request,
      connectionsCheckingInterval: slowest.look,
      // Coven does not look at the Host header on its socket.
      requireHostHeader: false,
    },
    (request, response) => {
      serve(request, response).catch((error: Error) => {
        log.line(`unix connection error: ${error.message}`);
        request.socket.destroy();
      });
    },
  );
  // Coven's own client closes its side when it has sent its request; node would then close ours, and lose the answer.
  Object.assign(server, { httpAllowHalfOpen: true });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    connections.set(request.socket, 'served');
    const { method = '', url: target = '' } = request;
    if (body === null) return send(response, tooLarge(bodyLimitBytes));
    const answer = await handle({ method, target, body }).catch((error: Error) => {
      log.line(`API handler error for ${method} ${target}: ${error.message}`);
      return internal(error.message);
    });
    send(response, answer);
  }

  server.on('connection', (socket) => {
    if (connections.size >= connectionLimit) {
      const oldest = [...connections].find(([, state]) => state === 'sending')?.[0] ?? socket;
      log.line('unix connection error: too many connections; the oldest that sent no request is closed');
      oldest.destroy();
      connections.delete(oldest);
      if (oldest === socket) return;
    }
    connections.set(socket, 'sending');
    socket.once('close', () => connections.delete(socket));
  });
  server.on('clientError', (error: Error, socket) => {
    log.line(`unix connection error: ${error.message}`);
    socket.destroy();
  });
  return server;
}

/** The whole body; null when it is longer than the limit. Rejects when the sender leaves. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, { status, body, thenHold }: Answer): void {
  const text = Buffer.from(JSON.stringify(body));
  response.sendDate = false;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': text.length,
    Connection: 'close',
  });
  if (thenHold) response.write(text, thenHold);
  else response.end(text);
}
