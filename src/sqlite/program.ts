/**
 * Judges a copy of a ledger in a process of its own: a native call can only be ended with its process, and closing a
 * descriptor of a ledger drops the locks of whoever has it open in the same process.
 */
import { createInterface } from 'node:readline';
import { endWithParent } from '../child/end-with-parent.ts';
import { loadSqlite } from '../child/sqlite.ts';
import { judgeCopy } from './judge.ts';
import type { Judgement, JudgeRequest } from './protocol.ts';

await loadSqlite();
endWithParent();

createInterface({ input: process.stdin }).once('line', (line) => {
  let judgement: Judgement;
  try {
    judgement = judgeCopy((JSON.parse(line) as JudgeRequest).copy);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    judgement = { sound: false, reasons: [{ kind: 'unreadable', text }], tables: [] };
  }
  process.stdout.write(`${JSON.stringify(judgement)}\n`);
});
