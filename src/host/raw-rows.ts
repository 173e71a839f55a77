import { askJob } from '../store/ask.ts';
import type { RawRows, ReplayRequest } from '../store/protocol.ts';
import { CannotSee } from './host.ts';
import { placeOfLedger } from './ledger-place.ts';
import type { Look } from './look.ts';

/** Of CPU time of the process that reads them. */
const longestMs = 10_000;
/** Kept back from the run's deadline, so that what was read can still be told. */
const reserveMs = 400;

/** What the pages of a ledger still hold, read in a process of its own, which opens nothing through SQLite. */
export async function readRawRows(look: Look, asked: ReplayRequest['replay'] | null): Promise<RawRows> {
  const milliseconds = Math.min(longestMs, look.timeLeft() / 2);
  const { main: ledger } = await placeOfLedger(look.home);
  const outcome = await askJob(
    'raw-rows',
    {
      rowsOf: ledger,
      session: asked?.session ?? null,
      fromSeq: asked?.fromSeq ?? 0,
      limit: asked?.limit ?? 0,
      milliseconds,
    },
    look.signal,
    { timeLeft: () => look.timeLeft() - reserveMs },
  );
  if ('answer' in outcome) return outcome.answer;
  throw new CannotSee(
    outcome.none === 'late' ? 'overran' : 'reader-ended',
    `the process that reads the pages ${outcome.how}`,
  );
}
