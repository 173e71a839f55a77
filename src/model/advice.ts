import { homeWord, quoted } from './shell.ts';

/** A command as a person types it, a word each; `<coven-home>` and what is below it stand for the paths. */
export interface CommandLine {
  readonly argv: readonly string[];
  /** What is shown of one that is more than words: argv gives it to a shell. */
  readonly line?: string;
}

/** What to do, in order: sentences, and commands that each stand alone and work when pasted. */
export type Advice = readonly (string | CommandLine)[];

export const command = (...argv: readonly string[]): CommandLine => ({ argv });

/**
 * A command as it works where nobody can be asked, and on a terminal alike: what would ask there is agreed to beforehand.
 * Without a terminal, a command that asks takes only `--yes` for a yes.
 */
export const agreed = (line: CommandLine): CommandLine => (asks(line.argv) ? command(...line.argv, '--yes') : line);

/** Whether a command of ours asks before it changes something. */
function asks([program, ...words]: readonly string[]): boolean {
  if (program !== 'coven-doctor' || words.includes('--yes')) return false;
  const changesNothing = ['--dry-run', '-o', '--output'].some((word) => words.includes(word));
  if (words[0] === 'rescue') return !changesNothing;
  return words.includes('--fix') || (words[0] === 'backup' && words[1] === 'restore');
}

/** A line of several commands: `cd FOLDER && npm rebuild`. */
export const shellCommand = (line: string): CommandLine => ({ argv: ['sh', '-c', line], line });

/** The line that a shell takes, with role tokens in it. */
export const shellLine = ({ argv, line }: CommandLine): string => line ?? argv.map(word).join(' ');

function word(text: string): string {
  if (text === '<coven-home>' || text === '<daemon-socket>')
    return homeWord(text === '<coven-home>' ? '.' : 'coven.sock');
  if (text.startsWith('<coven-home>.')) return `${homeWord()}${quoted(text.slice('<coven-home>'.length))}`;
  return text.startsWith('<coven-home>/') ? homeWord(text.slice('<coven-home>/'.length)) : quoted(text);
}

/** The advice as one line, for what has room for no more. */
export function oneLine(advice: Advice): string {
  let line = '';
  let isAfterCommand = false;
  for (const part of advice) {
    const isCommand = typeof part !== 'string';
    const text = isCommand ? shellLine(part) : part;
    line += line === '' ? text : isAfterCommand ? (isCommand ? `; then ${text}` : `. ${text}`) : ` ${text}`;
    isAfterCommand = isCommand;
  }
  return line;
}
