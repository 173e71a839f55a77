import { wrapScreen } from '../render/wrap.ts';
import { UsageError } from './usage.ts';

/**
 * Resolves when the text is written. A reader that closes the pipe early is no error. Throws a UsageError if stdout cannot
 * be written, such as a file on a full disk, because the result is then lost.
 */
export async function print(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (error?: NodeJS.ErrnoException | null): void => {
      process.stdout.off('error', done);
      if (error && error.code !== 'EPIPE') reject(new UsageError(`stdout cannot be written (${error.code})`));
      else resolve();
    };
    process.stdout.once('error', done);
    process.stdout.write(text, done);
  });
}

/** Prints text for somebody who reads it: on a terminal it is wrapped to its width. */
export const printScreen = (text: string): Promise<void> => print(onScreen(text, process.stdout));

/** The same on stderr, without waiting for it. */
export function printError(text: string): void {
  process.stderr.write(onScreen(text, process.stderr));
}

export const onScreen = (text: string, to: NodeJS.WriteStream): string =>
  to.isTTY ? wrapScreen(text, to.columns) : text;
