import { outputOf } from '../coven/event-output.ts';
import type { ListedSession } from '../coven/session-states.ts';
import { type Plain, withoutSecrets } from '../disclosure/without-secrets.ts';
import { harmlessJson } from '../model/harmless.ts';
import { quoted } from '../model/shell.ts';
import { redactedReplay } from '../render/replay.ts';
import { missingSeqs, type ShownLoss } from '../render/session-losses.ts';
import { commandsOf, renderSession, renderSessions, type ShownReplay } from '../render/sessions.ts';
import type { SessionReplay } from '../store/protocol.ts';
import { print } from '../terminal/print.ts';
import { UsageError } from '../terminal/usage.ts';
import { bundleSessions, type SessionSource, withHomeSessions } from './session-sources.ts';

export interface SessionsOptions {
  readonly home: string | undefined;
  readonly bundle: string | undefined;
  readonly json: boolean;
}

export interface ShowOptions extends SessionsOptions {
  readonly fromSeq: number;
  readonly limit: number;
  readonly raw: boolean;
}

const incomplete = 3;
/** Fewest characters of an id that can name a session, if only one id begins with them. */
const shortestId = 4;

async function withSessions(
  { home, bundle }: SessionsOptions,
  signal: AbortSignal,
  use: (source: SessionSource, plain: Plain) => Promise<number>,
): Promise<number> {
  return withoutSecrets(signal, async (plain) => {
    const told = (source: SessionSource): Promise<number> => use(source, plain);
    return bundle === undefined ? withHomeSessions(home, signal, told) : told(await bundleSessions(bundle));
  });
}

async function shown(session: ListedSession, plain: Plain): Promise<ListedSession> {
  const { id, title, projectRoot, harness, status, createdAt, updatedAt } = session;
  return {
    ...session,
    id: await plain(id),
    title: title && (await plain(title)),
    projectRoot: await plain(projectRoot),
    harness: await plain(harness),
    status: await plain(status),
    createdAt: await plain(createdAt),
    updatedAt: await plain(updatedAt),
  };
}

const printJson = (document: object): Promise<void> =>
  print(`${harmlessJson(JSON.stringify({ schemaVersion: 1, ...document }, null, 2))}\n`);

/** `coven-doctor sessions`: the proven state of each session. Changes nothing. */
export function listSessions(options: SessionsOptions, signal: AbortSignal): Promise<number> {
  return withSessions(options, signal, async ({ complete, problem, ...source }, plain) => {
    const sessions = await Promise.all(source.sessions.map((one) => shown(one, plain)));
    signal.throwIfAborted();
    if (options.json)
      await printJson({ complete, problem, sessions: sessions.map((one) => ({ ...one, commands: commandsOf(one) })) });
    else await print(renderSessions(sessions, complete, problem));
    return problem === null ? 0 : incomplete;
  });
}

/** `coven-doctor sessions show ID`: a page of its output and input. Changes nothing. */
export function showSession(asked: string, options: ShowOptions, signal: AbortSignal): Promise<number> {
  return withSessions(options, signal, async (source, plain) => {
    const session = find(source, asked);
    const replay = await source.replay(session.id, options.fromSeq, options.limit);
    signal.throwIfAborted();
    if (options.raw) {
      await print(replay?.events.map((event) => outputOf(event.payload) ?? '').join('') ?? '');
    } else {
      const one = await shown(session, plain);
      const losses = source.losses(session.id);
      const part = replay && (await told(replay, losses, plain));
      if (options.json) await printJson({ session: { ...one, commands: commandsOf(one) }, replay: part, losses });
      else await print(renderSession(one, part, where(options), losses));
    }
    return source.problem === null && (replay?.code ?? null) === null ? 0 : incomplete;
  });
}

function find({ sessions, problem }: SessionSource, asked: string): ListedSession {
  const exact = sessions.find(({ id }) => id === asked);
  const begun = asked.length >= shortestId ? sessions.filter(({ id }) => id.startsWith(asked)) : [];
  const found = exact ?? (begun.length === 1 ? begun[0] : undefined);
  if (found) return found;
  const why = begun.length > 1 ? `${begun.length} sessions begin with` : 'there is no session';
  throw new UsageError(`${why} ${asked}${problem === null ? '' : ` among those that can be read (${problem})`}`);
}

async function told(replay: SessionReplay, losses: readonly ShownLoss[], plain: Plain): Promise<ShownReplay> {
  const { events, after, total, code } = replay;
  return {
    text: await redactedReplay(replay, missingSeqs(losses), plain),
    first: events[0]?.seq ?? null,
    last: events.at(-1)?.seq ?? null,
    shown: events.length,
    total,
    next: after[0]?.seq ?? null,
    code,
  };
}

function where({ home, bundle }: SessionsOptions): string {
  if (bundle !== undefined) return ` --bundle ${quoted(bundle)}`;
  return home === undefined ? '' : ` --home ${quoted(home)}`;
}
