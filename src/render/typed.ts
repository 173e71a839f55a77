import type { HomeSource } from '../coven/layout.ts';
import { agreed, type CommandLine, shellLine } from '../model/advice.ts';
import { expand } from '../model/shell.ts';

export interface NamedHome {
  readonly path: string;
  readonly source?: HomeSource;
  /** Nobody could be asked where the command was typed: where it is pasted that may be so again. */
  readonly unattended?: boolean;
}

/** A command as it works when it is pasted: where the home was named on the command line, the command has to name it, too. */
export function typedLine(line: CommandLine, { path, source, unattended = false }: NamedHome): string {
  const text = shellLine(unattended ? agreed(line) : line);
  const named =
    source !== 'option'
      ? text
      : line.argv[0] === 'coven'
        ? `COVEN_HOME='<coven-home>' ${text}`
        : line.argv[0] === 'coven-doctor'
          ? `${text} --home '<coven-home>'`
          : text;
  return expand(named, path);
}
