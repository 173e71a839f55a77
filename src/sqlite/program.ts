/**
 * Reads the bytes of ledgers in a process of its own, which has none of them open through SQLite but a copy that it was
 * told to judge: closing a descriptor of a ledger drops the locks of whoever has it open in the same process, and a native
 * call can only be ended with its process. One request a line; the end of its input ends it.
 */
import { createInterface } from 'node:readline';
import { endWithParent } from '../child/end-with-parent.ts';
import { loadSqlite } from '../child/sqlite.ts';
import { readBytes } from './bytes.ts';
import { judgeCopy } from './judge.ts';
import { patience } from './patience.ts';
import type { BytesRequest, Judgement, JudgeRequest, RawRowsRequest } from './protocol.ts';
import { readRawRows } from './raw-rows.ts';

await loadSqlite();
endWithParent();

function judge({ copy }: JudgeRequest): Judgement {
  try {
    return judgeCopy(copy);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { sound: false, reasons: [{ kind: 'unreadable', text }], tables: [] };
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as JudgeRequest | BytesRequest | RawRowsRequest;
  const hurry = patience('copy' in request ? 0 : request.milliseconds);
  const answer = (): object => {
    if ('copy' in request) return judge(request);
    return 'rowsOf' in request ? readRawRows(request, hurry) : readBytes(request.ledger, { ...request, hurry });
  };
  process.stdout.write(`${JSON.stringify(answer())}\n`);
});
