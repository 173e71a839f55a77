import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../host/package.ts';
import type { LedgerAnswer, LedgerRequest } from './protocol.ts';

/** Milliseconds for a small ledger, and more for each of its bytes: 2 minutes a GiB, of which SQLite checks 100 MiB a second. */
const patienceMs = { least: 600_000, aByte: 120_000 / 1024 ** 3 };

/**
 * Asks the ledger program, which is killed when the signal fires or its time is over; `nothing` with the reason where it
 * could not answer. `bytes` is the size of the ledger.
 */
export async function askLedger(request: LedgerRequest, signal: AbortSignal, bytes = 0): Promise<LedgerAnswer> {
  signal.throwIfAborted();
  const seconds = Math.round((patienceMs.least + bytes * patienceMs.aByte) / 1000);
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'ledger.js')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Nothing of the caller's environment may reach into it.
    env: {},
    cwd: '/',
  });
  const end = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, seconds * 1000);
  try {
    const gone = once(child, 'close');
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(request)}\n`);
    let said: LedgerAnswer | null = null;
    for await (const line of createInterface({ input: child.stdout })) said = JSON.parse(line) as LedgerAnswer;
    await gone;
    signal.throwIfAborted();
    if (isLate && !said) return { done: 'nothing', code: `it was not read to its end within ${seconds} s` };
    return said ?? { done: 'nothing', code: `the process that reads it ended (${child.signalCode ?? child.exitCode})` };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    end();
  }
}
