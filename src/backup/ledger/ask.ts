import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../host/package.ts';
import type { LedgerAnswer, LedgerRequest } from './protocol.ts';

/** Asks the ledger program, which is killed when the signal fires; `nothing` with the reason where it could not. */
export async function askLedger(request: LedgerRequest, signal: AbortSignal): Promise<LedgerAnswer> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'ledger.js')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Nothing of the caller's environment may reach into it.
    env: {},
    cwd: '/',
  });
  const end = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  try {
    const gone = once(child, 'close');
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(request)}\n`);
    let said: LedgerAnswer | null = null;
    for await (const line of createInterface({ input: child.stdout })) said = JSON.parse(line) as LedgerAnswer;
    await gone;
    signal.throwIfAborted();
    return said ?? { done: 'nothing', code: `the process that reads it ended (${child.signalCode ?? child.exitCode})` };
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
