import { access } from 'node:fs';
import { NoSqlite } from '../child/no-sqlite.ts';
import type { StoreBytes, StoreIntegrity, StoreOpen, StoreRows, StoreSessions } from '../model/observation.ts';
import type { Reading } from '../model/reading.ts';
import { type Running, startJob } from '../store/ask.ts';
import type {
  AutomationRows,
  InventoryRequest,
  JobName,
  Jobs,
  OpenRequest,
  ReadPart,
  ReadRequest,
  ReplayRequest,
  SessionReplay,
  StoreInventory,
  TrialAnswer,
} from '../store/protocol.ts';
import { CannotSee } from './host.ts';

/** What was told so far. */
interface Told {
  open: StoreOpen | null;
  bytes: StoreBytes | null;
  sessions: StoreReading['sessions'];
  automations: AutomationRows | null;
  found: Pick<StoreIntegrity, 'tables' | 'problems' | 'indexProblems'>;
}

/** What one run learns of the ledger; parts that the time did not allow are null. */
export interface StoreReading {
  readonly open: StoreOpen;
  readonly bytes: StoreBytes | null;
  readonly sessions: Omit<StoreSessions, 'looks'> | null;
  /** Null where there are none, too. */
  readonly automations: AutomationRows | null;
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
  readonly tryWriting: (copy: string, milliseconds: number) => Promise<TrialAnswer | null>;
}

let ahead: Running | undefined;

/**
 * Starts a reading child before it is known whether it is needed: its start takes as long as all that comes before the
 * ledger, and the two go on side by side. It opens nothing until it is asked, and ends with this process.
 */
export function startReaderAhead(): void {
  // Node's own threads first: a process that may have no more of them aborts, and this one would, for its child.
  access('/', () => undefined);
  ahead ??= startJob('read');
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
  request: OpenRequest,
  milliseconds: number,
  signal: AbortSignal,
  onEnd: (end: () => Promise<void>) => void,
  telling: Telling | null = null,
): Promise<StoreReading> {
  // One that was started ahead and has ended since would not answer.
  const child = ahead && !ahead.hasEnded() ? ahead : startJob('read');
  ahead = undefined;
  onEnd(child.kill);
  // Beside a live owner, another process reads the pages, and later.
  const read = request.scratch === null || !telling ? null : child.countRead(telling.pageSize);
  telling?.tell({ at: read ? 'pages' : 'checks', bytes: telling.bytes, read });
  const end = performance.now() + milliseconds;
  const timeLeft = (): number => end - performance.now();
  const told: Told = {
    open: null,
    bytes: null,
    sessions: null,
    automations: null,
    found: { tables: [], problems: [], indexProblems: [] },
  };
  let isAtRows = false;
  const take = (part: ReadPart): void => {
    if (part.kind === 'bytes') told.bytes = part.bytes;
    if (part.kind === 'open') told.open = part.open;
    if (part.kind === 'automations') told.automations = part.automations;
    if (part.kind === 'sessions') {
      told.sessions = part.sessions;
      telling?.tell({ at: 'checks', bytes: telling.bytes, read: null });
    }
    if (part.kind === 'progress') {
      if (part.at === 'rows' && !isAtRows)
        telling?.tell({ at: 'rows', bytes: telling.bytes, read: child.countRead(telling.pageSize) });
      isAtRows ||= part.at === 'rows';
      told.found = part.found;
    }
  };
  const outcome = await child
    .ask('read', { ...request, milliseconds }, signal, { timeLeft, tell: take })
    .catch(cannotLoad);
  telling?.tell(null);
  const { open, bytes, sessions, automations, found } = told;
  if (!open) {
    if ('none' in outcome && outcome.none !== 'late')
      throw new CannotSee('reader-ended', `the process that reads the ledger ${outcome.how}`);
    throw new CannotSee('overran', 'reading the ledger took longer than the time allowed');
  }
  // It says nothing of the ledger, but of us.
  if (open.code === 'SQLITE_NOMEM')
    throw new CannotSee('out-of-memory', 'opening the ledger takes more memory than is allowed for it');
  const integrity = 'answer' in outcome && outcome.answer.kind === 'integrity' ? outcome.answer.integrity : null;

  let before: Promise<unknown> = Promise.resolve();
  /** One question at a time: answers come in the order of the questions, and each belongs to who waits for it. */
  const ask = <N extends JobName>(job: N, request: Jobs[N]['request'], timeLeft: () => number) => {
    const answer = before.then(async () => {
      const outcome = await child.ask(job, request, signal, { timeLeft }).catch(cannotLoad);
      return 'answer' in outcome ? outcome.answer : null;
    });
    before = answer.catch(() => undefined);
    return answer;
  };
  /** A child that is not done with what came before would answer to the wrong question. */
  const isDone = integrity !== null;
  const question = async (request: ReadRequest, timeLeft: () => number) =>
    isDone ? ask('read', request, timeLeft) : null;
  return {
    open,
    bytes,
    sessions,
    automations,
    integrity:
      integrity ??
      (sessions && {
        outcome: 'read',
        depth: request.deep ? 'whole' : 'bounded',
        complete: false,
        ...found,
        search: null,
      }),
    again: async () => {
      const answer = await ask('read', { ask: 'sessions' }, timeLeft);
      return answer?.kind === 'sessions' ? answer.sessions : null;
    },
    count: async () => {
      const answer = await question({ ask: 'rows' }, timeLeft);
      return answer?.kind === 'rows' ? answer.rows : null;
    },
    inventory: async (request, milliseconds) => {
      const answer = await question(request, () => milliseconds);
      return answer?.kind === 'inventory' ? answer.inventory : null;
    },
    replay: async (request, milliseconds) => {
      const answer = open.way === 'pages' ? null : await question(request, () => milliseconds);
      return answer?.kind === 'replay' ? answer.replay : null;
    },
    tryWriting: async (copy, milliseconds) => (isDone ? ask('try-writing', { copy }, () => milliseconds) : null),
  };
}

function cannotLoad(error: unknown): never {
  if (!(error instanceof NoSqlite)) throw error;
  throw new CannotSee('no-sqlite', error.message, error.command);
}
