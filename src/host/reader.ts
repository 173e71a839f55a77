import { access } from 'node:fs';
import { type Child, startChild } from '../child/child.ts';
import { NoSqlite } from '../child/no-sqlite.ts';
import type { StoreBytes, StoreIntegrity, StoreOpen, StoreRows, StoreSessions } from '../model/observation.ts';
import type { Reading } from '../model/reading.ts';
import {
  askAgain,
  askRows,
  type InventoryRequest,
  type ReadMessage,
  type ReadRequest,
  type ReplayRequest,
  type SessionReplay,
  type StoreInventory,
  type TrialAnswer,
  type TrialRequest,
} from '../store/protocol.ts';
import { CannotSee } from './host.ts';

const againMs = 1000;

const noneFound = { tables: [], problems: [], indexProblems: [] };

/** What one run learns of the ledger; parts that the time did not allow are null. */
export interface StoreReading {
  readonly open: StoreOpen;
  readonly bytes: StoreBytes | null;
  readonly sessions: Omit<StoreSessions, 'looks'> | null;
  readonly integrity: StoreIntegrity | null;
  /** The session rows as they stand now; null where no child has the ledger open. */
  readonly again: () => Promise<Omit<StoreSessions, 'looks'> | null>;
  /** The rows of every table, counted now; null where no child has the ledger open, or it did not end in time. */
  readonly count: () => Promise<StoreRows | null>;
  /** What support needs beyond that; null where no child has the ledger open, or it did not tell in time. */
  readonly inventory: (request: InventoryRequest, milliseconds: number) => Promise<StoreInventory | null>;
  /** What a session said and was told; null as above. */
  readonly replay: (request: ReplayRequest, milliseconds: number) => Promise<SessionReplay | null>;
  /** What comes of writing to a private copy; null where the child has not told all that it was asked, or did not end in time. */
  readonly tryWriting: (request: TrialRequest, milliseconds: number) => Promise<TrialAnswer | null>;
}

/** A ledger may hold a name or a row of a gigabyte; what is read of a sound one takes a tenth of this. */
const limits = { memoryBytes: 256 * 1024 ** 2 };

let ahead: Child | undefined;

/**
 * Starts a reading child before it is known whether it is needed: its start takes as long as all that comes before the
 * ledger, and the two go on side by side. It opens nothing until it is asked, and ends with this process.
 */
export function startReaderAhead(): void {
  // Node's own threads first: a process that may have no more of them aborts, and this one would, for its child.
  access('/', () => undefined);
  ahead ??= startChild('reader', limits);
}

/** Who is told what a long reading is at, and how much there is of it. */
interface Telling {
  readonly bytes: number;
  readonly pageSize: number;
  readonly tell: (reading: Reading | null) => void;
}

/**
 * Starts the reading child and collects what it says until it has said all or `milliseconds` have passed. Throws CannotSee
 * where it told nothing.
 */
export async function runReader(
  request: ReadRequest,
  milliseconds: number,
  signal: AbortSignal,
  onEnd: (end: () => Promise<void>) => void,
  telling: Telling | null = null,
): Promise<StoreReading> {
  // One that was started ahead and has ended since would not answer.
  const child = ahead && !ahead.hasEnded() ? ahead : startChild('reader', limits);
  ahead = undefined;
  onEnd(child.kill);
  // Beside a live owner, another process reads the pages, and later.
  const read = request.scratch === null || !telling ? null : child.countRead(telling.pageSize);
  telling?.tell({ at: read ? 'pages' : 'checks', bytes: telling.bytes, read });
  child.tell(request);
  const next = async (limit: number): Promise<ReadMessage | null> => {
    const line = await child.line(limit, signal).catch((error: unknown) => {
      if (!(error instanceof NoSqlite)) throw error;
      throw new CannotSee('no-sqlite', error.message, error.command);
    });
    return typeof line === 'object' ? (JSON.parse(line.text) as ReadMessage) : null;
  };

  const end = performance.now() + milliseconds;
  let open: StoreOpen | null = null;
  let bytes: StoreBytes | null = null;
  let sessions: StoreReading['sessions'] = null;
  let found: Pick<StoreIntegrity, 'tables' | 'problems' | 'indexProblems'> = noneFound;
  let integrity: StoreIntegrity | null = null;
  let isAtRows = false;
  for (;;) {
    const message = await next(end - performance.now());
    if (!message) break;
    if (message.kind === 'bytes') bytes = message.bytes;
    if (message.kind === 'open') open = message.open;
    // It says nothing of the ledger, but of us.
    if (open?.code === 'SQLITE_NOMEM')
      throw new CannotSee('out-of-memory', 'opening the ledger takes more memory than is allowed for it');
    if (message.kind === 'open' && message.open.outcome !== 'opened') break;
    if (message.kind === 'sessions') {
      sessions = message.sessions;
      telling?.tell({ at: 'checks', bytes: telling.bytes, read: null });
    }
    if (message.kind === 'progress') {
      if (message.at === 'rows' && !isAtRows)
        telling?.tell({ at: 'rows', bytes: telling.bytes, read: child.countRead(telling.pageSize) });
      isAtRows ||= message.at === 'rows';
      found = message.found;
    }
    if (message.kind === 'integrity') {
      integrity = message.integrity;
      break;
    }
  }
  telling?.tell(null);
  if (!open) {
    if (!child.hasEnded()) throw new CannotSee('overran', 'reading the ledger took longer than the time allowed');
    throw new CannotSee('reader-ended', `the process that reads the ledger ${child.describe()}`);
  }
  let before: Promise<unknown> = Promise.resolve();
  /** One question at a time: answers come in the order of the questions, and each belongs to who waits for it. */
  const inTurn = <T>(ask: () => Promise<T>): Promise<T> => {
    const answer = before.then(ask);
    before = answer.catch(() => undefined);
    return answer;
  };
  const isDone = open.outcome === 'opened' && integrity !== null;
  /** A child that is not done with what came before would answer to the wrong question. */
  const askWhenDone = async (request: object | string, milliseconds: () => number): Promise<ReadMessage | null> =>
    isDone
      ? inTurn(() => {
          child.tell(request);
          return next(milliseconds());
        })
      : null;
  return {
    open,
    bytes,
    sessions,
    integrity:
      integrity ??
      (sessions && {
        outcome: 'read',
        depth: request.deep ? 'whole' : 'bounded',
        complete: false,
        ...found,
        search: null,
      }),
    again: () =>
      inTurn(async () => {
        child.tell(askAgain);
        const message = await next(againMs);
        return message?.kind === 'sessions' ? message.sessions : null;
      }),
    count: async () => {
      const message = await askWhenDone(askRows, () => end - performance.now());
      return message?.kind === 'rows' ? message.rows : null;
    },
    inventory: async (request, milliseconds) => {
      const message = await askWhenDone(request, () => milliseconds);
      return message?.kind === 'inventory' ? message.inventory : null;
    },
    replay: async (request, milliseconds) => {
      const message = open?.way === 'pages' ? null : await askWhenDone(request, () => milliseconds);
      return message?.kind === 'replay' ? message.replay : null;
    },
    tryWriting: async (request, milliseconds) => {
      const message = await askWhenDone(request, () => milliseconds);
      return message?.kind === 'trial' ? message.trial : null;
    },
  };
}
