/**
 * Rescues a damaged ledger in a process of its own: SQLite and its memory are its own, and it can be ended at any time. One
 * request on its standard input; the end of that ends it.
 */
import { createInterface } from 'node:readline';
import { endWithParent } from '../child/end-with-parent.ts';
import { loadSqlite } from '../child/sqlite.ts';
import { merge } from './merge.ts';
import type { MergeRequest, RescueLine, RescueProgress, RescueRequest } from './protocol.ts';
import { rescue } from './rescue.ts';

loadSqlite();
endWithParent();

/** Milliseconds between two lines of progress. */
const progressMs = 200;

const say = (line: RescueLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  let told = 0;
  const tell = (progress: RescueProgress): void => {
    if (performance.now() < told + progressMs) return;
    told = performance.now();
    say({ progress });
  };
  const request = JSON.parse(line) as RescueRequest | MergeRequest;
  say('into' in request ? { merged: merge(request) } : { report: rescue(request, tell) });
});
