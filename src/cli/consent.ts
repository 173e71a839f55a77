import { createInterface } from 'node:readline';
import { canAsk } from './can-ask.ts';

/**
 * Asks a person; without a terminal on both sides nobody is there to say yes. The end of the input is no. Throws the
 * signal's reason where one comes meanwhile.
 */
export async function consent(question: string, to: NodeJS.WriteStream, signal: AbortSignal): Promise<boolean> {
  if (!canAsk(to)) return false;
  to.write(`\n${question} [y/N] `);
  // As no terminal: Ctrl-C stays the signal that it is everywhere else.
  const lines = createInterface({ input: process.stdin, terminal: false, signal });
  for await (const line of lines) return /^y(es)?$/i.test(line.trim());
  signal.throwIfAborted();
  return false;
}
