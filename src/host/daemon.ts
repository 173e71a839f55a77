import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { names, socketPathLimit } from '../coven/layout.ts';
import type { Answer, HealthBody, Socket } from '../observation.ts';
import type { Exchange } from './ask.ts';
import { freeText } from './free-text.ts';
import type { Look } from './look.ts';

/** What Coven's own clients allow a lifecycle request. */
const answerMs = 2000;
/** A starting daemon holds its lock for some 150 ms before its socket is there. */
const startingLooks = 10;
const startingPauseMs = 150;

/** One health exchange serves both the socket and the health observation: a bare connect would write into Coven's log. */
export interface Contact {
  readonly socket: Socket;
  readonly health: Exchange | null;
  readonly tries: number;
}

/** The socket as a file, and the path to ask through it; `path` is null where it must not or cannot be asked. */
export interface Door {
  readonly file: Pick<Socket, 'kind' | 'mode' | 'uid'>;
  readonly path: string | null;
  readonly closed: 'not-tried' | 'too-long' | 'absent' | null;
}

const isServed = async ({ observe }: Look): Promise<boolean> =>
  (await observe('home.locks')).files.some(({ name, holders }) => name === names.serveLock && holders.length > 0);

export async function seeDoor(look: Look): Promise<Door> {
  const [{ list }, { uid }, { uid: me }] = await Promise.all([
    look.observe('home.entries'),
    look.observe('home'),
    look.observe('machine'),
  ]);
  const entry = list.find(({ name }) => name === names.socket);
  const file = { kind: entry?.kind ?? 'absent', mode: entry?.mode ?? null, uid: entry?.uid ?? null } as const;
  const shut = (closed: Door['closed']): Door => ({ file, path: null, closed });
  if (entry && (entry.kind !== 'socket' || (entry.uid !== uid && entry.uid !== me))) return shut('not-tried');
  const path = join(await realpath(look.home).catch(() => look.home), names.socket);
  if (Buffer.byteLength(path) > socketPathLimit(process.platform)) return shut('too-long');
  return entry || (await isServed(look)) ? { file, path, closed: null } : shut('absent');
}

/**
 * Tries the socket. A busy daemon is not a dead one: silence is believed after two tries, and a missing or refusing
 * socket only after a while where a process holds the daemon's lock.
 */
export async function contact(look: Look, { file, path, closed }: Door): Promise<Contact> {
  if (path === null || closed)
    return { socket: { ...file, errno: null, connect: closed ?? 'not-tried', looks: 1 }, health: null, tries: 0 };
  const { ask } = await import('./ask.ts');
  for (let looks = 1, tries = 1; ; looks += 1, tries += 1) {
    const health = await ask(path, '/api/v1/health', answerMs, look.signal);
    const connect = connectOf(health);
    const again =
      (health.end === 'no-bytes' && tries < 2) ||
      ((connect === 'refused' || connect === 'absent') && looks < startingLooks && (await isServed(look)));
    if (again && !look.signal.aborted) {
      if (health.end !== 'no-bytes') await sleep(startingPauseMs, undefined, { signal: look.signal });
      continue;
    }
    const kind = connect === 'absent' ? 'absent' : 'socket';
    return { socket: { ...file, kind, connect, errno: health.errno, looks }, health, tries };
  }
}

function connectOf({ end, errno }: Exchange): Socket['connect'] {
  if (end !== 'connect') return 'accepted';
  switch (errno) {
    case 'ENOENT':
      return 'absent';
    case 'ECONNREFUSED':
      return 'refused';
    case 'EAGAIN':
      return 'full';
    case 'EACCES':
    case 'EPERM':
      return 'denied';
    default:
      return 'failed';
  }
}

export async function healthAnswer(look: Look, { health, tries }: Contact): Promise<Answer<HealthBody>> {
  if (!health) return notAsked;
  const told = answer(health, tries, healthBody);
  const { body, errorCode } = told;
  return {
    ...told,
    errorCode: errorCode && (await freeText(errorCode, look)),
    body: body && { ...body, storageError: body.storageError && (await freeText(body.storageError, look)) },
  };
}

/** Asked beside health, since Coven takes up a connection only some 10 to 25 ms after it is made. */
export async function askCapabilities(look: Look, { path }: Door): Promise<Answer<readonly string[]>> {
  if (path === null) return notAsked;
  const { ask } = await import('./ask.ts');
  const question = (): Promise<Exchange> => ask(path, '/api/v1/capabilities', answerMs, look.signal);
  const [first, health] = await Promise.all([question(), look.observe('daemon.health')]);
  if (health.outcome !== 'answered') return notAsked;
  // Health may have been answered only after the daemon had finished its start.
  const exchange = first.end === 'connect' || first.end === 'no-bytes' ? await question() : first;
  const told = answer(exchange, 1, (body) => {
    const list = record(body)?.capabilities;
    if (!Array.isArray(list)) return null;
    return list.slice(0, 1000).flatMap((item) => text(record(item)?.id) ?? []);
  });
  return { ...told, errorCode: told.errorCode && (await freeText(told.errorCode, look)) };
}

/** All that a diagnosis may ask: other requests change rows. */
const questions = ['/api/v1/health', '/api/v1/capabilities', '/api/v1/api-version'];

/** The answers of a daemon that gave any before, with fields that no check knows. */
export async function rawAnswers(look: Look, { path }: Door): Promise<Readonly<Record<string, Exchange>>> {
  const { outcome } = await look.observe('daemon.health');
  if (path === null || ['not-asked', 'no-bytes', 'incomplete', 'unreachable', 'too-large'].includes(outcome)) return {};
  const { ask } = await import('./ask.ts');
  const answers: [string, Exchange][] = [];
  for (const question of questions) answers.push([question, await ask(path, question, answerMs, look.signal)]);
  return Object.fromEntries(answers);
}

const notAsked = {
  outcome: 'not-asked',
  status: null,
  tries: 0,
  ms: 0,
  errorCode: null,
  body: null,
} as const;

function answer<T>(exchange: Exchange, tries: number, parse: (body: unknown) => T | null): Answer<T> {
  const { end, status, ms } = exchange;
  const base = { status, tries, ms, errorCode: null, body: null };
  if (end === 'connect') return { ...base, outcome: 'unreachable' };
  if (status !== null && status !== 200 && end !== 'no-bytes' && end !== 'incomplete') {
    const code = words(record(record(exchange.body)?.error)?.code);
    return { ...base, outcome: 'error-response', errorCode: code };
  }
  if (end !== 'json') return { ...base, outcome: end };
  const body = parse(exchange.body);
  return body === null ? { ...base, outcome: 'wrong-shape' } : { ...base, outcome: 'answered', body };
}

/** Longest text that is kept of a daemon's answer: statuses, versions and timestamps are far shorter. */
const textLimit = 200;

/** A longer one is none of those: a part of it could be a part of a secret. */
const text = (value: unknown): string | null => (typeof value === 'string' ? within(value) : null);
const within = (value: string): string => (value.length <= textLimit ? value : `‹text:${value.length}›`);
/** Free text, whole: what is cut before it is redacted may keep a part of a secret. */
const words = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const texts = (value: unknown): readonly string[] | null =>
  Array.isArray(value) ? value.slice(0, 100).flatMap((item) => text(item) ?? []) : null;
const truth = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);
function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

/** Fields of `GET /health` as Coven 0.4.6 answers it; null for what is no JSON object at all. */
function healthBody(value: unknown): HealthBody | null {
  const body = record(value);
  if (!body) return null;
  const [daemon, storage, writer] = ['daemon', 'storage', 'eventWriter'].map((name) => record(body[name]));
  const capabilities = record(body.capabilities);
  return {
    ok: truth(body.ok),
    apiVersion: text(body.apiVersion),
    covenVersion: text(body.covenVersion),
    capabilities:
      capabilities &&
      Object.fromEntries(
        Object.entries(capabilities)
          .slice(0, 200)
          .map(([name, held]) => [within(name), truth(held) ?? text(held) ?? number(held) ?? texts(held)]),
      ),
    pid: number(daemon?.pid),
    startedAt: text(daemon?.startedAt),
    socket: text(daemon?.socket),
    storageStatus: text(storage?.status),
    maintenanceBlocked: truth(storage?.maintenanceBlocked),
    storageError: words(storage?.lastMaintenanceError),
    freeDiskBytes: number(storage?.freeDiskBytes),
    walBytes: number(storage?.walBytes),
    backlogEvents: number(storage?.writerBacklogEvents),
    oldestEventAt: text(storage?.oldestRetainedEventAt),
    lastPruneAt: text(storage?.lastPruneAt),
    writerState: text(writer?.state),
    queuedBytes: number(writer?.queuedBytes),
    capacityBytes: number(writer?.capacityBytes),
    droppedEvents: number(writer?.droppedOutputEvents),
  };
}
