import { daemonWords } from './daemon-words.ts';
import { parserFor } from './parser.ts';

/** `coven WORDS`: everything but `doctor`, whose words are parsed apart. Tells the exit code. */
export async function runCoven(words: readonly string[], signal: AbortSignal): Promise<number> {
  let code = 0;
  await parserFor(words, 'coven')
    .usage('$0 COMMAND: the parts of a Coven home that coven-doctor brings')
    .command('doctor', 'Diagnose a Coven home: daemon, socket, ledger, sessions')
    .command('daemon', 'Serve a Coven home, and start and stop what serves it', (parser) =>
      daemonWords(parser, signal, (told) => {
        code = told;
      }),
    )
    .demandCommand(1, 'name a command; --help shows them')
    .parseAsync();
  return code;
}
