import { randomUUID } from 'node:crypto';
import { type Answer, failure, invalid, noSession, notFound, notLive, ok } from './answers.ts';
import { catalogue } from './capabilities.ts';
import type { Events } from './events.ts';
import type { Request } from './http.ts';
import { readLaunch } from './launch.ts';
import type { LiveSessions } from './live.ts';
import { encodeCursor, readEventPage, readSessionPage } from './query.ts';
import type { Daemon } from './record.ts';
import type { Sessions } from './sessions.ts';
import { readShutdown } from './shutdown.ts';

/** What the routes act on. */
export interface Served {
  readonly daemon: Daemon;
  readonly health: () => object;
  readonly sessions: Sessions;
  readonly events: Events;
  readonly live: LiveSessions;
  /** Begins a clean stop. */
  readonly stop: (why: string) => void;
}

const versions = { apiVersion: 'v1', supportedApiVersions: ['v1'] };

/** Answers the requests of `coven.daemon.v1`, each route with and without `/api/v1` before it, as Coven does. */
export function createRoutes(served: Served): (request: Request) => Promise<Answer> {
  const { daemon, health, sessions, events, live, stop } = served;

  return async ({ method, target, body }) => {
    const [full = '', ...rest] = target.split('?');
    // A plus sign stands for itself, as in Coven.
    const query = new URLSearchParams(rest.join('?').replaceAll('+', '%2B'));
    const [, version, inner] = /^\/api\/([^/]+)(\/.*)$/.exec(full) ?? [];
    if (version !== undefined && version !== 'v1')
      return failure(404, 'invalid_request', 'Unsupported API version.', { ...versions, apiVersion: version });
    const path = inner ?? full;
    if (method === 'GET') return get(path, query);
    if (method !== 'POST') return notFound();
    // A foreign program must not end a daemon by an alias: Coven has this one route under its version only.
    if (path === '/internal/lifecycle/shutdown' && version) return shutDown(body);
    return post(path, body);
  };

  async function get(path: string, query: URLSearchParams): Promise<Answer> {
    if (path === '/health') return ok(health());
    if (path === '/capabilities') return ok(catalogue);
    if (path === '/api-version') return ok(versions);
    if (path === '/sessions') return listSessions(query);
    if (path === '/events') {
      const id = query.get('sessionId');
      return id === null ? invalid('sessionId query parameter is required.') : listEvents(id, query);
    }
    const [, id, ofEvents] = /^\/sessions\/(.*?)(\/events)?$/.exec(path) ?? [];
    if (id === undefined) return notFound();
    if (ofEvents) return listEvents(id, query);
    const session = sessions.find(id);
    return session ? ok(session) : noSession(id);
  }

  function listSessions(query: URLSearchParams): Answer {
    const read = readSessionPage(query);
    if ('refusal' in read) return read.refusal;
    if (!read.value) return ok(sessions.list());
    const { limit, after, archivedToo } = read.value;
    const rows = sessions.page(limit + 1, after, archivedToo);
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return ok({ sessions: shown, next_cursor: rows.length > limit && last ? encodeCursor(last) : null });
  }

  function listEvents(id: string, query: URLSearchParams): Answer {
    if (!sessions.find(id)) return noSession(id);
    const read = readEventPage(query);
    if ('refusal' in read) return read.refusal;
    const afterId = query.get('afterEventId');
    const after = read.value.after ?? (afterId === null ? null : events.seqOf(id, afterId)) ?? 0;
    return ok(events.page(id, after, read.value.limit));
  }

  async function post(path: string, body: string): Promise<Answer> {
    if (path === '/sessions') return launch(body);
    const [, id, action] = /^\/sessions\/([^/]*)\/(input|kill)$/.exec(path) ?? [];
    if (id === undefined) return notFound();
    if (!sessions.find(id)) return noSession(id);
    if (!live.isLive(id)) return notLive(id);
    if (action === 'kill') return accepted(live.kill(id), 'kill_failed', id);
    const data = parse(body === '' ? '{}' : body);
    if (data === undefined) return invalid('failed to parse request body', { sessionId: id });
    const text = (data as { data?: unknown } | null)?.data;
    if (typeof text !== 'string') return invalid('input payload requires string field `data`', { sessionId: id });
    return accepted(live.input(id, text), 'send_input_failed', id);
  }

  async function launch(body: string): Promise<Answer> {
    const wanted = parse(body === '' ? '{}' : body);
    if (wanted === undefined) return invalid('failed to parse request body');
    const read = readLaunch(wanted);
    if ('refusal' in read) return read.refusal;
    const sessionId = randomUUID();
    try {
      await live.launch(sessionId, read);
      return { status: 201, body: sessions.find(sessionId) };
    } catch (error) {
      const reason = (error as Error).message;
      return failure(500, 'launch_failed', `failed to spawn harness \`${read.harness}\``, { sessionId, reason });
    }
  }

  function shutDown(body: string): Answer {
    const read = readShutdown(body, daemon);
    if ('refusal' in read) return read.refusal;
    return { status: 202, body: read.value, thenHold: () => stop('lifecycle shutdown request') };
  }
}

async function accepted(done: Promise<void>, code: string, sessionId: string): Promise<Answer> {
  try {
    await done;
    return { status: 202, body: { accepted: true, ok: true } };
  } catch (error) {
    return failure(500, code, (error as Error).message, { sessionId });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
