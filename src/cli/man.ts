import { exitCodes } from '../model/exit-codes.ts';
import { tool } from '../package.ts';
import { groups } from './commands/command.ts';
import { commands } from './commands/index.ts';
import { usageOf } from './commands/parse.ts';
import { optionWords } from './help.ts';

/** The manual page in the macros of man(7), made from the same table as the help. */
export function manual(): string {
  const titled = (group: string): string => `${group[0]?.toUpperCase()}${group.slice(1)}`;
  return [
    `.TH COVEN-DOCTOR 1 "" "coven-doctor ${tool().version}" "User Commands"`,
    '.SH NAME',
    `coven\\-doctor \\- diagnose and repair a Coven home`,
    '.SH SYNOPSIS',
    '.B coven\\-doctor\n[COMMAND] [options]',
    '.SH DESCRIPTION',
    troff(
      'Tells what is wrong with a Coven home, proves it, and changes nothing. With --fix it shows a plan of repairs, asks, and applies it; undo takes it back.',
    ),
    ...groups.flatMap((group) => [
      `.SH ${titled(group).toUpperCase()}`,
      ...commands
        .filter((command) => command.group === group)
        .flatMap((command) => [
          `.SS ${troff(usageOf(command))}`,
          troff(`${command.summary}.${command.about === undefined ? '' : ` ${command.about}`}`),
          ...Object.values(command.positionals).flatMap(({ value, describe }) => [
            '.TP',
            `.I ${troff(value)}`,
            troff(`${describe}.`),
          ]),
          ...Object.entries(command.options)
            .filter(([, { hidden }]) => !hidden)
            .flatMap(([name, option]) => [
              '.TP',
              `.B ${troff(optionWords(name, option))}`,
              troff(`${option.describe}.`),
            ]),
        ]),
    ]),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([codes, meaning]) => ['.TP', `.B ${codes}`, troff(`${meaning}.`)]),
    '.SH ENVIRONMENT',
    '.TP\n.B COVEN_HOME\nThe Coven home, where \\-\\-home does not name one.',
    '.TP\n.B NO_COLOR\nNo colour, if it is set to anything.',
    '.SH EXAMPLES',
    ...commands.flatMap(({ examples }) =>
      examples.map(([line, purpose]) => `.TP\n${troff(purpose)}\n.B ${troff(line)}`),
    ),
    '',
  ].join('\n');
}

/** Escapes text for troff: dashes stay dashes, and no line is taken for a request. */
const troff = (text: string): string => text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&');
