import { outputOf } from '../coven/event-output.ts';
import type { Observation, StoreFiles, StoreIntegrity, StoreOpen, StoreSessions } from '../model/observation.ts';
import type { SessionEvents, StoreInventory, Told } from '../store/protocol.ts';
import type { Cut, Gathered, LeftOut, Part } from './part.ts';

/** The observations of the ledger; null for those that failed. */
export interface Seen {
  readonly files: StoreFiles | null;
  readonly open: StoreOpen | null;
  readonly integrity: StoreIntegrity | null;
  readonly sessions: StoreSessions | null;
}

export const seenOf = <T>(seen: Observation<T> | undefined): T | null => (seen?.ok ? seen.value : null);

/** The members about the ledger. `why` is the reason if there is no inventory. */
export function ledgerParts(seen: Seen, inventory: StoreInventory | null, why: string): Gathered {
  const { files, open, integrity, sessions } = seen;
  const store = { files, open, integrity };
  const counted = sessions && { byStatus: sessions.byStatus, recent: sessions.recent, outcome: sessions.outcome };
  if (!inventory) {
    return {
      parts: [
        { name: 'store.json', json: store },
        { name: 'sessions.json', json: { counted, list: null } },
      ],
      cut: [],
      leftOut: ['schema and pragmas of the ledger', 'records of sessions'].map((name) => ({ name, why })),
    };
  }
  const list = inventory.sessions.map(({ id, fields, title, labels, events }) => ({
    id,
    ...fields,
    title: told('title', title),
    labels: told('labels', labels),
    events,
  }));
  const { pragmas, schema, code } = inventory;
  return join(
    {
      parts: [
        { name: 'store.json', json: { ...store, pragmas, schema, code } },
        { name: 'sessions.json', json: { counted, list } },
      ],
      cut: [...cutsOf(inventory)],
      leftOut: code === null ? [] : [{ name: 'the rest of the ledger', why: `SQLite says ${code}` }],
    },
    eventParts(inventory.events),
  );
}

/** A title is often the whole prompt. A bundle has its length, and says which titles are equal. */
function told(what: string, text: Told | null): string | null {
  return text && (text.text ?? `<${what}-${text.number}> of ${text.length} characters`);
}

function* cutsOf({ sessions, sessionsComplete, schemaComplete }: StoreInventory): Generator<Cut> {
  if (!sessionsComplete)
    yield { name: 'sessions.json', what: `the newest ${sessions.length} sessions`, why: 'older ones are history' };
  if (!schemaComplete)
    yield { name: 'store.json', what: 'the first statements of the schema', why: 'there are too many' };
  const uncounted = sessions.filter(({ events }) => events === null).length;
  if (uncounted > 0)
    yield {
      name: 'sessions.json',
      // The template stays as a bundle of 0.1.0 has it, but for one of which nothing was counted.
      what: uncounted === sessions.length ? 'no counts of events' : `events of all but ${uncounted} sessions`,
      why: 'no index leads to them, or counting them would have taken too long',
    };
}

/**
 * The events of one session: their fields, and separately their output as one text, because a secret can be split over
 * several events.
 */
function eventParts(events: SessionEvents | null): Gathered {
  if (!events) return { parts: [], cut: [], leftOut: [] };
  if (events.list.length === 0)
    return { parts: [], cut: [], leftOut: [{ name: `events of ${events.session}`, why: 'the ledger has none' }] };
  const outputs = events.list.map(({ payload }) => outputOf(payload));
  const list = events.list.map(({ seq, kind, at, bytes, payload }, index) => ({
    seq,
    kind,
    at,
    bytes,
    ...(outputs[index] === null && payload !== null && { payload }),
  }));
  const parts: Part[] = [
    { name: 'events/events.json', json: { session: events.session, list } },
    {
      name: 'events/output.txt',
      asked: true,
      text: Buffer.from(outputs.join('')),
      cuts: { start: !events.complete },
      keep: Number.POSITIVE_INFINITY,
    },
  ];
  const long = events.list.filter(({ payload }) => payload === null).length;
  const cut: Cut[] = events.complete
    ? []
    : [{ name: 'events/', what: `the newest ${list.length} events`, why: 'more would be too much' }];
  const leftOut: LeftOut[] =
    long > 0
      ? [
          {
            name: `payloads of ${long} events`,
            why: 'a long one is not cut, since a part could be the rest of a secret',
          },
        ]
      : [];
  return { parts, cut, leftOut };
}

export function join(...gathered: readonly Gathered[]): Gathered {
  return {
    parts: gathered.flatMap(({ parts }) => parts),
    cut: gathered.flatMap(({ cut }) => cut),
    leftOut: gathered.flatMap(({ leftOut }) => leftOut),
  };
}
