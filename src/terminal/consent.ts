import { createInterface } from 'node:readline';
import { canAsk } from './can-ask.ts';
import { dropTypedAhead } from './typed-ahead.ts';

/**
 * Asks a question and waits for the answer. Returns false if stdin or `to` is not a terminal, and at the end of the input.
 * Throws the signal's reason if one arrives meanwhile.
 */
export async function consent(question: string, to: NodeJS.WriteStream, signal: AbortSignal): Promise<boolean> {
  if (!canAsk(to)) return false;
  const isDropped = dropTypedAhead();
  to.write(
    `${isDropped ? '\nWhat was typed before the question does not count as its answer.' : ''}\n${question} [y/N] `,
  );
  // Not in terminal mode, so that Ctrl-C is delivered as SIGINT as everywhere else.
  const lines = createInterface({ input: process.stdin, terminal: false, signal });
  for await (const line of lines) return /^y(es)?$/i.test(line.trim());
  signal.throwIfAborted();
  return false;
}
