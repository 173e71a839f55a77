import { constants } from 'node:os';
import { UsageError } from './usage.ts';

/** A bug in the tool: the exit code until something else is known. */
const bug = 70;

/**
 * Runs one command line and sets the exit code; the only reader of argv. `words` are what follows the program's name,
 * with `doctor` put first for `coven-doctor`.
 */
export async function main(words: readonly string[]): Promise<void> {
  process.exitCode = bug;
  const ended = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => ended.abort(signal);
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  // A reader that goes away early ends nothing, and a repair least of all.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    process.exitCode = await run(words, ended.signal);
  } catch (error) {
    process.exitCode = await told(error, ended.signal);
  }
  // Nothing that is still under way may keep the process: what it would say is in the report as unknown.
  process.exit();
}

async function run(words: readonly string[], signal: AbortSignal): Promise<number> {
  if (words[0] === 'doctor') return (await import('./doctor-words.ts')).runDoctor(words.slice(1), signal);
  return (await import('./coven-words.ts')).runCoven(words, signal);
}

async function told(error: unknown, ended: AbortSignal): Promise<number> {
  if (ended.aborted) return 128 + constants.signals[ended.reason as NodeJS.Signals];
  if (error instanceof UsageError) {
    const { harmless } = await import('../render/harmless.ts');
    process.stderr.write(`coven-doctor: ${harmless(error.message)}\n`);
    return 2;
  }
  const { bugReport } = await import('./bug-report.ts');
  process.stderr.write(await bugReport(error, process.env));
  return bug;
}
