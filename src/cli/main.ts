import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { endLoudly } from '../terminal/end-loudly.ts';
import { UsageError } from '../terminal/usage.ts';

/**
 * Runs one command line and sets the exit code; the only reader of argv. `words` are what follows the program's name,
 * with `doctor` put first for `coven-doctor`.
 */
export async function main(words: readonly string[]): Promise<void> {
  const { crash } = endLoudly();
  // A terminal that is gone can no longer be recognised.
  const hasTerminal = [0, 1, 2].some(isatty);
  const ended = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => ended.abort(signal);
  // A signal often arrives twice, from the terminal and from a shell or npx. The second must not interrupt a repair.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  let unwritten: string | null = null;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
      // A reader that closes the pipe must not end a repair. A lost terminal counts as a hangup.
      if (code === 'EIO' && stream.isTTY) onSignal('SIGHUP');
      else if (code !== 'EPIPE' && stream === process.stdout) unwritten ??= code;
    });
  }
  try {
    process.exitCode = await run(words, ended.signal);
    // A failed write is reported one turn of the event loop later.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (unwritten !== null && !ended.signal.aborted) throw new UsageError(`stdout cannot be written (${unwritten})`);
  } catch (error) {
    if (ended.signal.aborted) process.exitCode = 128 + constants.signals[ended.signal.reason as NodeJS.Signals];
    else if (error instanceof UsageError) process.exitCode = await refuse(error);
    else return crash(error);
  }
  if (ended.signal.reason === 'SIGHUP' && hasTerminal) hangUp();
  // Unfinished work must not keep the process alive. The report has it as unknown.
  process.exit();
}

/**
 * Ends by the signal itself, which a shell shows as 129. As it exits, Node sets its terminal back to what it was, and aborts
 * where that is gone.
 */
function hangUp(): void {
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}

async function run(words: readonly string[], signal: AbortSignal): Promise<number> {
  const { runCoven, runDoctor } = await import('./dispatch.ts');
  return words[0] === 'doctor' ? runDoctor(words.slice(1), signal) : runCoven(words, signal);
}

async function refuse(error: UsageError): Promise<number> {
  const { harmless } = await import('../model/harmless.ts');
  const { printError } = await import('../terminal/print.ts');
  printError(`coven-doctor: ${harmless(error.message)}\n`);
  return 2;
}
