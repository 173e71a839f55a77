import { exitCodes } from '../model/exit-codes.ts';
import { print } from '../terminal/print.ts';
import { type Command, type Family, groups, type Option } from './commands/command.ts';
import { commands } from './commands/index.ts';
import { usageOf } from './commands/parse.ts';

/** `-h`, `--help` and `help` of a command, of a family of commands, or of all. */
export async function printHelp(subject: Command | Family): Promise<number> {
  const columns = Math.min(100, process.stdout.columns || 80);
  await print(helpOf(subject, columns));
  return 0;
}

export function helpOf(subject: Command | Family, columns: number): string {
  if ('family' in subject) return familyHelp(subject, columns);
  return subject.name === '' ? mainHelp(subject, columns) : commandHelp(subject, columns);
}

/** Help and version have the same options at every level. */
const common: readonly (readonly [string, string])[] = [
  ['-h, --help', 'Show this help'],
  ['-v, --version', 'Show the version'],
];

function mainHelp(plain: Command, columns: number): string {
  const ofGroup = (group: (typeof groups)[number]): string =>
    section(
      `${group[0]?.toUpperCase()}${group.slice(1)}`,
      commands
        .filter((command) => command.group === group)
        .map(({ name, summary }) => [name || '(no command)', summary]),
      columns,
    );
  return [
    'Tells what is wrong with a Coven home, proves it, and repairs it on request.\n',
    'Usage: coven-doctor [options]\n       coven-doctor COMMAND [options]\n       coven-doctor help COMMAND\n',
    ...groups.map(ofGroup),
    section('Options of the diagnosis', optionRows(plain.options), columns),
    section('Examples', plain.examples, columns),
    section('Exit codes', exitCodes, columns),
  ].join('\n');
}

function familyHelp({ family, members }: Family, columns: number): string {
  return [
    `Usage: coven-doctor ${family} COMMAND [options]\n`,
    section(
      'Commands',
      members.map(({ name, summary }) => [name, summary]),
      columns,
    ),
    `coven-doctor help ${members[0]?.name} shows the options of a command.\n`,
  ].join('\n');
}

function commandHelp(command: Command, columns: number): string {
  const { summary, about, positionals, options, examples } = command;
  const values = Object.values(positionals).map(({ value, describe }): [string, string] => [value, describe]);
  return [
    `${wrap(`${summary}.${about === undefined ? '' : ` ${about}`}`, columns, 0)}\n`,
    `Usage: ${usageOf(command)}\n`,
    ...(values.length > 0 ? [section('Arguments', values, columns)] : []),
    section('Options', optionRows(options), columns),
    section('Examples', examples, columns),
  ].join('\n');
}

const optionRows = (options: Readonly<Record<string, Option>>): readonly (readonly [string, string])[] => [
  ...Object.entries(options)
    .filter(([, { hidden }]) => !hidden)
    .map(([name, option]): [string, string] => [optionWords(name, option), option.describe]),
  ...common,
];

/** `-o, --output FILE`, short name first. */
export function optionWords(name: string, { alias, value }: Option): string {
  const names = [name, ...(typeof alias === 'string' ? [alias] : [])].sort((a, b) => a.length - b.length);
  const dashed = names.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)).join(', ');
  return value === undefined ? dashed : `${dashed} ${value}`;
}

/** The widest first column. The text of a longer term goes below it. */
const widestTerm = 28;

function section(title: string, rows: readonly (readonly [term: string, text: string])[], columns: number): string {
  const width = Math.min(widestTerm, Math.max(...rows.map(([term]) => term.length)));
  const lines = rows.map(([term, text]) => {
    const indent = width + 4;
    const body = wrap(text, columns, indent);
    return term.length > width ? `  ${term}\n${' '.repeat(indent)}${body}` : `  ${term.padEnd(width)}  ${body}`;
  });
  return `${title}:\n${lines.join('\n')}\n`;
}

/** Breaks a text at spaces into lines of `columns`. Every line but the first begins with the indent. */
function wrap(text: string, columns: number, indent: number): string {
  const room = Math.max(20, columns - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
