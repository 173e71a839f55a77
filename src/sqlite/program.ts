/**
 * Reads the bytes of ledgers in a process of its own, which has none of them open through SQLite but a copy that it was
 * told to judge: closing a descriptor of a ledger drops the locks of whoever has it open in the same process, and a native
 * call can only be ended with its process. One request a line; the end of its input ends it.
 */
import { endWithParent } from '../child/end-with-parent.ts';
import { answer, requests } from '../child/requests.ts';
import { loadSqlite, sqliteDriver } from '../child/sqlite.ts';
import { readBytes } from './bytes.ts';
import { judgeCopy } from './judge.ts';
import { patience } from './patience.ts';
import type { BytesRequest, DriverRequest, Judgement, JudgeRequest, RawRowsRequest, SqliteDriver } from './protocol.ts';
import { readRawRows } from './raw-rows.ts';

endWithParent();

function judge({ copy }: JudgeRequest): Judgement {
  // Bytes are read without it.
  loadSqlite();
  try {
    return judgeCopy(copy);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { sound: false, reasons: [{ kind: 'unreadable', text }], tables: [] };
  }
}

function tellDriver(): SqliteDriver {
  loadSqlite();
  return sqliteDriver();
}

for (const line of requests()) {
  const request = JSON.parse(line) as JudgeRequest | BytesRequest | RawRowsRequest | DriverRequest;
  const hurry = patience('milliseconds' in request ? request.milliseconds : 0);
  const told = (): object => {
    if ('copy' in request) return judge(request);
    if ('driver' in request) return tellDriver();
    return 'rowsOf' in request ? readRawRows(request, hurry) : readBytes(request.ledger, { ...request, hurry });
  };
  answer(told());
}
