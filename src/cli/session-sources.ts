import { parseRecording } from '../bundle/recording.ts';
import { type ListedSession, stateNeeds, stateOf } from '../coven/session-states.ts';
import { CannotSee, type Host, see } from '../host/host.ts';
import { type LiveHost, withLiveHost } from '../host/live.ts';
import { recordedHost } from '../host/recorded.ts';
import { parseJson } from '../json.ts';
import { whole } from '../model/observation.ts';
import type { ReplayEvent, SessionReplay } from '../store/protocol.ts';
import { openBundle } from './archives/open-bundle.ts';
import { namedHome } from './options/home.ts';
import { lossesOf, type SessionLoss } from './rescue/kept.ts';

/** Sessions of a home or of a bundle, newest first. */
export interface SessionSource {
  readonly sessions: readonly ListedSession[];
  /** Whether the list is complete. */
  readonly complete: boolean;
  /** Why some may be missing; null if none is known to be. */
  readonly problem: string | null;
  /** Null if none of the session's events exists. */
  readonly replay: (id: string, fromSeq: number, limit: number) => Promise<SessionReplay | null>;
  /** Rows of a session that rescues of this ledger omitted. A bundle does not contain them. */
  readonly losses: (id: string) => readonly SessionLoss[];
}

const runMs = 30_000;
const askMs = 10_000;
const countMs = 1000;

type Row = Omit<ListedSession, 'state'> & { readonly external: boolean };

const inputOf = async (host: Host) => whole(await see(host, stateNeeds), stateNeeds);

const stated = (rows: readonly Row[], observed: Awaited<ReturnType<typeof inputOf>>): readonly ListedSession[] => {
  const state = stateOf(observed);
  return rows.map(({ external, ...row }) => ({ ...row, state: state({ ...row, external }) }));
};

const told = (value: unknown): string => (typeof value === 'string' ? value : '');
const counted = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** Calls `use` with the sessions of a home, with or without a running daemon. What SQLite cannot read is read from the pages. */
export function withHomeSessions<T>(
  option: string | undefined,
  signal: AbortSignal,
  use: (source: SessionSource) => Promise<T>,
): Promise<T> {
  const { path, source } = namedHome(option);
  const options = { home: path, source, env: process.env, deadlineMs: runMs };
  return withLiveHost(options, signal, async (host, ending) => {
    const [observed, inventory] = await Promise.all([
      inputOf(host),
      host.inventory({ inventory: { titles: true, eventsOf: null, budgetMs: countMs } }, askMs).catch(ignored),
    ]);
    const isWhole = inventory !== null && inventory.code === null;
    const raw = isWhole ? null : await rawSessions(host);
    const rows = isWhole || (raw?.rows.length ?? 0) === 0 ? (inventory?.sessions ?? []).map(rowOf) : (raw?.rows ?? []);
    const isLate = ending.aborted ? `it took longer than ${runMs / 1000} s` : null;
    const code = inventory?.code ?? raw?.code ?? isLate ?? 'not opened';
    return use({
      sessions: stated(rows, observed),
      complete: inventory?.sessionsComplete ?? false,
      problem: isWhole || raw?.isAbsent ? null : `the ledger could not be read whole (${code})`,
      losses: (session) => lossesOf(path, session),
      replay: async (session, fromSeq, limit) => {
        const request = { session, fromSeq, limit };
        const replay = await host.replay({ replay: request }, askMs).catch(ignored);
        if (replay?.code === null) return replay;
        const pages = (await host.rawRows(request).catch(ignored))?.replay ?? null;
        const code = pages?.code ?? replay?.code ?? 'not opened';
        // Uses the reading that found more.
        return pages && pages.events.length >= (replay?.events.length ?? 0) ? { ...pages, code } : replay;
      },
    });
  });
}

/** What cannot be observed is reported as missing. */
function ignored(error: unknown): null {
  if (error instanceof CannotSee) return null;
  throw error;
}

async function rawSessions(host: LiveHost) {
  const raw = await host.rawRows(null).catch(ignored);
  const rows = raw?.sessions.map((row): Row => ({ ...row, title: row.title || null, events: null, external: false }));
  const files = await host.observe('store.files');
  const isAbsent = files.ok && files.value.main.kind === 'absent' && !files.value.sessionsExpected;
  return {
    rows: (rows ?? []).toSorted((a, b) => b.createdAt.localeCompare(a.createdAt)),
    code: raw?.code ?? null,
    isAbsent,
  };
}

function rowOf({
  id,
  fields,
  title,
  events,
}: {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly title: { readonly text: string | null } | null;
  readonly events: { readonly total: number } | null;
}): Row {
  return {
    id,
    status: told(fields.status),
    harness: told(fields.harness),
    projectRoot: told(fields.project_root),
    title: title?.text ?? null,
    exitCode: counted(fields.exit_code),
    createdAt: told(fields.created_at),
    updatedAt: told(fields.updated_at),
    events: events?.total ?? null,
    external: fields.external === 1,
  };
}

/** A bundle, which contains the sessions, and the events of one session if it was made with --include-events. */
export async function bundleSessions(file: string): Promise<SessionSource> {
  const { members } = await openBundle(file);
  const { observations } = parseRecording(members);
  const { list } = record(members.get('sessions.json'));
  const rows = (Array.isArray(list) ? list : []).map((row: Readonly<Record<string, unknown>>): Row => {
    const { id, title, events, ...fields } = row;
    return {
      ...rowOf({ id: told(id), fields, title: { text: told(title) || null }, events: null }),
      events: counted(record(events).total),
    };
  });
  const recorded = record(members.get('events/events.json'));
  // The session with events has its real id, but the list has tokens for all.
  const named = told(recorded.session);
  if (named !== '' && rows.every(({ id }) => id !== named))
    rows.push({ ...rowOf({ id: named, fields: {}, title: null, events: null }), status: 'running' });
  const output = members.get('events/output.txt')?.toString('utf8') ?? '';
  return {
    sessions: stated(rows, await inputOf(recordedHost(observations))),
    complete: true,
    problem: Array.isArray(list) ? null : 'the bundle holds no sessions',
    losses: () => [],
    replay: async (id) => {
      if (recorded.session !== id || !Array.isArray(recorded.list)) return null;
      const events = recorded.list.map(
        (event: Readonly<Record<string, unknown>>): ReplayEvent => ({
          seq: counted(event.seq) ?? 0,
          kind: told(event.kind),
          at: told(event.at),
          payload: typeof event.payload === 'string' ? event.payload : null,
        }),
      );
      const [first] = events;
      // In a bundle, the output of all events is one text.
      const spoken = {
        seq: first?.seq ?? 0,
        kind: 'output',
        at: first?.at ?? '',
        payload: JSON.stringify({ data: output }),
      };
      const others = events.filter(({ kind }) => kind !== 'output');
      return { before: [], events: [spoken, ...others], after: [], total: null, code: null };
    },
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  const parsed: unknown = Buffer.isBuffer(value) ? parseJson(value.toString('utf8')) : value;
  return parsed !== null && typeof parsed === 'object' ? (parsed as Readonly<Record<string, unknown>>) : {};
}
