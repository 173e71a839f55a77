import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { packageRoot } from '../host/package.ts';
import type { Judgement, JudgeRequest } from './protocol.ts';

/**
 * Whether a private copy of a ledger is sound, judged whole in a child process that ends when `signal` fires. A child
 * that ends without an answer has judged nothing: not sound. Throws the signal's reason.
 */
export async function askJudge(copy: string, signal: AbortSignal): Promise<Judgement> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'judge.js')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Nothing of the caller's environment may reach into it.
    env: {},
    cwd: '/',
  });
  const end = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  try {
    const closed = once(child, 'close');
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify({ copy } satisfies JudgeRequest)}\n`);
    const said = await text(child.stdout);
    await closed;
    signal.throwIfAborted();
    if (said.endsWith('\n')) return JSON.parse(said) as Judgement;
    const reason = `the process that judges the copy ended (${child.signalCode ?? child.exitCode})`;
    return { sound: false, reasons: [{ kind: 'unreadable', text: reason }], tables: [] };
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
