import type { HomeSource } from '../coven/layout.ts';
import { agreed, type CommandLine, shellLine } from '../model/advice.ts';
import { expand } from '../model/shell.ts';

export interface NamedHome {
  readonly path: string;
  readonly source?: HomeSource;
  /** Whether nobody could answer a question where the command was typed. The command to paste must not ask, either. */
  readonly unattended?: boolean;
}

/** A command that works when pasted. If the home was named on the command line, the command names it too, unless it is about another one. */
export function typedLine(line: CommandLine, { path, source, unattended = false }: NamedHome): string {
  const text = shellLine(unattended ? agreed(line) : line);
  const named =
    source !== 'option' || line.argv.includes('--home')
      ? text
      : line.argv[0] === 'coven'
        ? `COVEN_HOME='<coven-home>' ${text}`
        : line.argv[0] === 'coven-doctor'
          ? `${text} --home '<coven-home>'`
          : text;
  return expand(named, path);
}
