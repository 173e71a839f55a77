import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { names, socketPathLimit } from '../coven/layout.ts';
import { serveLockHolders } from '../coven/serve-lock.ts';
import { deadline } from '../deadline.ts';
import type { Answer, HealthAnswer, Silence, Socket } from '../model/observation.ts';
import type { Exchange } from './ask.ts';
import { answer, capabilityIds, healthBody, notAsked } from './daemon-answers.ts';
import type { Look } from './look.ts';
import { watchSilence } from './silence.ts';

/** What Coven's own clients allow a lifecycle request. */
const answerMs = 2000;
/** A daemon that goes on working is waited for at most this long; the checks of a plain run have less. */
const patienceMs = 60_000;
/** Kept back of the checks' time, so that on a busy machine, too, what was seen of a silent daemon can still be judged. */
const reserveMs = 4000;
const fullPauseMs = 500;
/** A starting daemon holds its lock for some 150 ms before its socket is there. */
const startingLooks = 10;
const startingPauseMs = 150;

/** One health exchange serves both the socket and the health observation: a bare connect would write into Coven's log. */
interface Contact {
  readonly socket: Socket;
  readonly health: Exchange | null;
  readonly tries: number;
  /** Of a daemon that gave no answer. */
  readonly silence?: Silence;
}

/** The socket as a file, and the path to ask through it; `path` is null where it must not or cannot be asked. */
interface Endpoint {
  readonly file: Pick<Socket, 'kind' | 'mode' | 'uid'>;
  readonly path: string | null;
  readonly closed: 'not-tried' | 'too-long' | 'absent' | null;
}

const isServed = async ({ observe }: Look): Promise<boolean> =>
  (await observe('home.locks')).files.some(({ name, holders }) => name === names.serveLock && holders.length > 0);

async function seeEndpoint(look: Look): Promise<Endpoint> {
  const [{ list }, { uid }, { uid: me }] = await Promise.all([
    look.observe('home.entries'),
    look.observe('home'),
    look.observe('machine'),
  ]);
  const entry = list.find(({ name }) => name === names.socket);
  const file = { kind: entry?.kind ?? 'absent', mode: entry?.mode ?? null, uid: entry?.uid ?? null } as const;
  const shut = (closed: Endpoint['closed']): Endpoint => ({ file, path: null, closed });
  if (entry && (entry.kind !== 'socket' || (entry.uid !== uid && entry.uid !== me))) return shut('not-tried');
  const path = join(await realpath(look.home).catch(() => look.home), names.socket);
  if (Buffer.byteLength(path) > socketPathLimit(process.platform)) return shut('too-long');
  return entry || (await isServed(look)) ? { file, path, closed: null } : shut('absent');
}

/**
 * Tries the socket. A busy daemon is not a dead one: one that gives no answer is watched and waited for, and a missing or
 * refusing socket is believed only after a while where a process holds the daemon's lock.
 */
export async function contact(look: Look): Promise<Contact> {
  const { file, path, closed } = await look.once(seeEndpoint);
  if (path === null || closed)
    return { socket: { ...file, errno: null, connect: closed ?? 'not-tried', looks: 1 }, health: null, tries: 0 };
  for (let looks = 1; ; looks += 1) {
    const { health, tries, silence } = await askPatiently(look, path);
    const connect = connectOf(health);
    const isLost = connect === 'refused' || connect === 'absent';
    if (isLost && looks < startingLooks && (await isServed(look)) && !look.signal.aborted) {
      await sleep(startingPauseMs, undefined, { signal: look.signal });
      continue;
    }
    const kind = connect === 'absent' ? 'absent' : 'socket';
    const acceptedBy = health.end === 'json' ? await askWhoAccepts(look, path) : undefined;
    const socket = {
      ...file,
      kind,
      connect,
      errno: health.errno,
      looks: looks + tries - 1,
      ...(acceptedBy !== undefined && { acceptedBy }),
    } as const;
    return { socket, health, tries, ...(silence && { silence }) };
  }
}

/** Asks for health with the patience of Coven's clients, and then once more, for as long as the wait can tell something. */
async function askPatiently(
  look: Look,
  path: string,
): Promise<Pick<Contact, 'tries' | 'silence'> & { health: Exchange }> {
  const { ask } = await import('./ask.ts');
  let health = await ask(path, '/api/v1/health', answerMs, look.signal);
  let tries = 1;
  if (!isSilent(health)) return { health, tries };
  const watch = watchSilence(look, await servingPid(look));
  const limit = deadline(Math.min(patienceMs, look.checksLeft() - reserveMs), look.signal);
  const stop = (): void => limit.done();
  watch.enough.addEventListener('abort', stop);
  while (isSilent(health) && !limit.signal.aborted) {
    if (connectOf(health) === 'full')
      await sleep(fullPauseMs, undefined, { signal: limit.signal }).catch(() => undefined);
    health = await ask(path, '/api/v1/health', patienceMs, limit.signal);
    tries += 1;
  }
  limit.done();
  const silence = watch.end();
  return isSilent(health) ? { health, tries, silence } : { health, tries };
}

/** Undefined where the daemon alone listens in this home, and nothing has to be asked. */
async function askWhoAccepts(look: Look, path: string): Promise<number | null | undefined> {
  const [daemon, processes] = await Promise.all([servingPid(look), look.observe('processes').catch(() => null)]);
  const pids = processes?.list.flatMap(({ pid, listening }) => (listening ? [pid] : [])) ?? [];
  if (daemon === null || pids.every((pid) => pid === daemon)) return undefined;
  const { list } = await look.observe('home.entries');
  // What another socket of the home is asked is none of ours.
  const others = list.flatMap(({ name, kind }) => (kind === 'socket' && name !== names.socket ? [name] : []));
  const { whoAccepts } = await import('./accepted-by.ts');
  return whoAccepts(path, [...new Set([...pids, daemon])], daemon, new Set(others), look.signal);
}

/** It took the request, or its queue is too long to do so, and the answer did not come to its end. */
const isSilent = (health: Exchange): boolean =>
  health.end === 'no-bytes' || health.end === 'incomplete' || connectOf(health) === 'full';

/** The process that holds the daemon's lock, else the one that listens in this home; null where neither can be seen. */
async function servingPid(look: Look): Promise<number | null> {
  const processes = await look.observe('processes').catch(() => null);
  const { daemons } = serveLockHolders(await look.observe('home.locks'), processes?.list ?? []);
  const holder = daemons.find(({ exclusive }) => exclusive);
  if (holder) return holder.pid || null;
  return processes?.list.find(({ role, listening }) => role === 'serve' && listening)?.pid ?? null;
}

function connectOf({ end, errno }: Exchange): Socket['connect'] {
  if (end !== 'connect') return 'accepted';
  switch (errno) {
    case 'ENOENT':
      return 'absent';
    case 'ECONNREFUSED':
      return 'refused';
    case 'EPROTOTYPE':
      return 'wrong-type';
    case 'EAGAIN':
      return 'full';
    case 'EACCES':
    case 'EPERM':
      return 'denied';
    default:
      return 'failed';
  }
}

export async function healthAnswer(look: Look, { health, tries, silence }: Contact): Promise<HealthAnswer> {
  if (!health) return notAsked;
  const told = answer(health, tries, healthBody);
  const { body, errorCode } = told;
  return {
    ...told,
    errorCode: errorCode && (await look.texts.freeText(errorCode)),
    body: body && { ...body, storageError: body.storageError && (await look.texts.freeText(body.storageError)) },
    ...(silence && { silence }),
  };
}

/** Asked beside health, since Coven takes up a connection only some 10 to 25 ms after it is made. */
export async function askCapabilities(look: Look): Promise<Answer<readonly string[]>> {
  const { path } = await look.once(seeEndpoint);
  if (path === null) return notAsked;
  const { ask } = await import('./ask.ts');
  const question = (): Promise<Exchange> => ask(path, '/api/v1/capabilities', answerMs, look.signal);
  const [first, health] = await Promise.all([question(), look.observe('daemon.health')]);
  if (health.outcome !== 'answered') return notAsked;
  // Health may have been answered only after the daemon had finished its start.
  const exchange = first.end === 'connect' || first.end === 'no-bytes' ? await question() : first;
  const told = answer(exchange, 1, capabilityIds);
  return { ...told, errorCode: told.errorCode && (await look.texts.freeText(told.errorCode)) };
}

/** All that a diagnosis may ask: other requests change rows. */
const questions = ['/api/v1/health', '/api/v1/capabilities', '/api/v1/api-version'];

/** The answers of a daemon that gave any before, with fields that no check knows. */
export async function rawAnswers(look: Look): Promise<Readonly<Record<string, Exchange>>> {
  const [{ path }, { outcome }] = await Promise.all([look.once(seeEndpoint), look.observe('daemon.health')]);
  if (path === null || ['not-asked', 'no-bytes', 'incomplete', 'unreachable', 'too-large'].includes(outcome)) return {};
  const { ask } = await import('./ask.ts');
  const answers: [string, Exchange][] = [];
  for (const question of questions) answers.push([question, await ask(path, question, answerMs, look.signal)]);
  return Object.fromEntries(answers);
}
