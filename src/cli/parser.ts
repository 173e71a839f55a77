import yargs, { type Argv } from 'yargs';
import { tool } from '../host/package.ts';
import { UsageError } from './usage.ts';

/** A yargs parser with the manners of this program: strict, in English, and silent about what it cannot parse. */
export function parserFor(words: readonly string[], name: string): Argv {
  return yargs([...words])
    .scriptName(name)
    .locale('en')
    .version(tool().version)
    .strict()
    .recommendCommands()
    .wrap(process.stdout.isTTY ? Math.min(110, process.stdout.columns || 80) : 100)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message.split('\n', 1)[0] ?? message);
    });
}
