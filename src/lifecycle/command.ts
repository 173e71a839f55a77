import { spawn } from 'node:child_process';
import { within } from '../deadline.ts';
import { makeTexts } from '../host/texts.ts';
import { commandEnvironment, daemonEnvironment } from './environment.ts';
import { StepFailed } from './outcome.ts';
import type { Coven } from './which.ts';

const outputLimit = 16_384;

/**
 * Runs `<coven> daemon <word>` of another Coven to its end, in a session of its own: a daemon that it starts stays in
 * it, by which it is told from one that another start brought up. The failure is what the command said, or that it did
 * not end in `milliseconds` or before `signal` fired; it is then ended itself, and a daemon that it started left alone.
 */
export async function runDaemonCommand(
  { command: [file, ...args] }: Coven,
  word: 'start' | 'stop',
  home: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<{ readonly session: number; readonly failure: StepFailed | null }> {
  const step = `${file} daemon ${word}`;
  const child = spawn(file, [...args, 'daemon', word], {
    env: word === 'start' ? daemonEnvironment(process.env, home) : commandEnvironment(process.env, home),
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    // What is not taken whole is not taken: a part of a line could be a part of a secret.
    if (said.length + text.length <= outputLimit) said += text;
  });
  const ended = new Promise<number | NodeJS.Signals | Error | null>((resolve) => {
    child.once('error', resolve);
    // Not `close`: the daemon may have inherited the pipe.
    child.once('exit', (code, by) => resolve(by ?? code));
  });
  const how = await within(ended, milliseconds, signal, () => 'overran' as const);
  child.stderr.destroy();
  const session = child.pid ?? 0;
  const failed = (reason: string) => ({ session, failure: new StepFailed(step, reason) });
  if (how === 0) return { session, failure: null };
  if (how === 'overran') {
    if (child.pid !== undefined) child.kill('SIGTERM');
    return failed(signal.aborted ? 'interrupted' : `no end within ${milliseconds / 1000} s`);
  }
  if (how instanceof Error) return failed(how.message);
  const [first = ''] = said.trim().split('\n', 1);
  const texts = makeTexts({ env: process.env, timeLeft: () => milliseconds, signal });
  const told = await texts.redact(first.replace(/^Error: /, '')).catch(() => '');
  await texts.end();
  return failed(told || `it ended with ${how}`);
}
