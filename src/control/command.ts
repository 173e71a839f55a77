import { spawn } from 'node:child_process';
import { within } from '../deadline.ts';
import { StepFailed } from './outcome.ts';
import type { Coven } from './which.ts';

const outputLimit = 16_384;

/**
 * Runs `<coven> daemon <word>` of another Coven to its end. Throws StepFailed with what it said when it fails or does
 * not end in `milliseconds`; it is then ended itself, and a daemon that it started is left alone.
 */
export async function runDaemonCommand(
  { command: [file, ...args] }: Coven,
  word: 'start' | 'stop',
  home: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const step = `${file} daemon ${word}`;
  const child = spawn(file, [...args, 'daemon', word], {
    env: { ...process.env, COVEN_HOME: home },
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, outputLimit);
  });
  const ended = new Promise<number | NodeJS.Signals | Error | null>((resolve) => {
    child.once('error', resolve);
    // Not `close`: the daemon may have inherited the pipe.
    child.once('exit', (code, by) => resolve(by ?? code));
  });
  const how = await within(ended, milliseconds, signal, () => 'overran' as const);
  child.stderr.destroy();
  if (how === 0) return;
  if (how === 'overran') {
    child.kill('SIGTERM');
    throw new StepFailed(step, `no end within ${milliseconds / 1000} s`);
  }
  if (how instanceof Error) throw new StepFailed(step, how.message);
  throw new StepFailed(
    step,
    said
      .trim()
      .split('\n')[0]
      ?.replace(/^Error: /, '') || `it ended with ${how}`,
  );
}
