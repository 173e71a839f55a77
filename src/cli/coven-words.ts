import { parserFor } from './parser.ts';

/** `coven WORDS`: everything but `doctor`, whose words are parsed apart. Tells the exit code. */
export async function runCoven(words: readonly string[]): Promise<number> {
  await parserFor(words, 'coven')
    .usage('$0 COMMAND: the parts of a Coven home that coven-doctor brings')
    .command('doctor', 'Diagnose a Coven home: daemon, socket, ledger, sessions')
    .demandCommand(1, 'name a command; --help shows them')
    .parseAsync();
  return 0;
}
