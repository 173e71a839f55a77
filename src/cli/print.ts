import { UsageError } from './usage.ts';

/**
 * Resolves when the text is out; a reader that goes away early ends nothing. Throws a UsageError where stdout takes no
 * more, as a file on a full disk: what was asked for is then not there.
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
