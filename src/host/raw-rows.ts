import { startChild } from '../child/child.ts';
import type { RawRows, RawRowsRequest, ReplayRequest } from '../store/protocol.ts';
import { CannotSee } from './host.ts';
import { placeOfLedger } from './ledger-place.ts';
import type { Look } from './look.ts';

const longestMs = 10_000;
const memoryBytes = 256 * 1024 ** 2;

/** What the pages of a ledger still hold, read in a process of its own, which opens nothing through SQLite. */
export async function readRawRows(look: Look, asked: ReplayRequest['replay'] | null): Promise<RawRows> {
  const milliseconds = Math.min(longestMs, look.timeLeft() / 2);
  const { main: ledger } = await placeOfLedger(look.home);
  const child = startChild('judge', { memoryBytes });
  try {
    child.tell({
      rowsOf: ledger,
      session: asked?.session ?? null,
      fromSeq: asked?.fromSeq ?? 0,
      limit: asked?.limit ?? 0,
      milliseconds,
    } satisfies RawRowsRequest);
    const line = await child.line(2 * milliseconds, look.signal);
    if (typeof line === 'object') return JSON.parse(line.text) as RawRows;
    throw new CannotSee(
      line === 'late' ? 'overran' : 'reader-ended',
      `the process that reads the pages ${child.describe()}`,
    );
  } finally {
    await child.kill();
  }
}
