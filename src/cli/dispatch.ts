import { startReaderAhead } from '../host/reader.ts';
import { didYouMean } from '../terminal/suggest.ts';
import { UsageError } from '../terminal/usage.ts';
import { type Command, type Family, type MadeOfCommands, shells } from './commands/command.ts';
import { mayHaveLedger } from './options/home.ts';

const helpWords: ReadonlySet<string> = new Set(['-h', '--help', 'help']);
const versionWords: ReadonlySet<string> = new Set(['-v', '-V', '--version', 'version']);

/** Runs `coven-doctor WORDS` or `coven doctor WORDS`. Resolves with the exit code. */
export async function runDoctor(words: readonly string[], signal: AbortSignal): Promise<number> {
  if (words.length === 0) {
    // There is nothing to parse, and loading yargs takes as long as starting Node.
    if (mayHaveLedger()) startReaderAhead();
    const { plainDiagnosis } = await import('./commands/plain.ts');
    return (await import('./doctor.ts')).doctor(plainDiagnosis, signal);
  }
  const { commands } = await import('./commands/index.ts');
  const asked = questionOf(words);
  const [command, rest] = commandOf(commands, asked ? asked.about : words);
  const what = asked?.what ?? questionAfter(command, rest);
  if (what === 'version') return (await import('./version.ts')).printVersion(words.includes('--verbose'));
  if (what === 'help') return (await import('./help.ts')).printHelp(command);
  if (!('run' in command)) throw new UsageError(incomplete(command, rest));
  // Shells run this at their start, so it does without yargs, too.
  const shell = command.name === 'completion' && rest.length === 1 && shells.find((shell) => shell === rest[0]);
  if (shell) {
    await (await import('../terminal/print.ts')).print(await madeOfCommands.completionOf(shell));
    return 0;
  }
  if (command.readsLedger && (words.some((word) => word.startsWith('--home')) || mayHaveLedger())) startReaderAhead();
  const { parse } = await import('./commands/parse.ts');
  const argv = await parse(command, rest);
  if (argv.quiet === true) (await import('../terminal/display.ts')).beQuiet();
  return command.run(argv as never, signal, madeOfCommands);
}

const madeOfCommands: MadeOfCommands = {
  completionOf: async (shell) => (await import('./completion.ts')).completionOf(shell),
  manual: async () => (await import('./man.ts')).manual(),
};

/** Runs `coven WORDS`, of which `doctor` and `daemon` are known. */
export async function runCoven(words: readonly string[], signal: AbortSignal): Promise<number> {
  const [first] = words;
  if (first === 'doctor') return runDoctor(words.slice(1), signal);
  if (first === 'daemon' || (first !== undefined && versionWords.has(first))) return runDoctor(words, signal);
  if (first !== undefined && helpWords.has(first)) return runDoctor(['help'], signal);
  throw new UsageError(`\`coven\` is the program of coven-doctor here: type coven doctor, or coven daemon --help`);
}

interface Question {
  readonly what: 'help' | 'version';
  /** The words of the command that is asked about. */
  readonly about: readonly string[];
}

/** Recognises help and version in all their spellings, before and after any command. */
function questionOf(words: readonly string[]): Question | null {
  const end = words.indexOf('--');
  const before = end === -1 ? words : words.slice(0, end);
  const [first = ''] = before;
  const about = before.filter((word) => !word.startsWith('-'));
  if (first === 'help' || first === 'version') return { what: first, about: about.slice(1) };
  // After a command, `help` can be its argument; as an option it never is.
  if (before.some((word) => word.startsWith('-') && helpWords.has(word))) return { what: 'help', about };
  if (before.some((word) => word.startsWith('-') && versionWords.has(word))) return { what: 'version', about };
  return null;
}

/** Recognises `backup help` and `undo version`. A command that takes a file may be meant for one of that name. */
function questionAfter(command: Command | Family, rest: readonly string[]): Question['what'] | null {
  const [word, ...more] = rest;
  if (more.length > 0 || (word !== 'help' && word !== 'version')) return null;
  const takesFile =
    'positionals' in command &&
    Object.values(command.positionals).some(({ value }) => value === 'FILE' || value === 'MODULE');
  return takesFile ? null : word;
}

/** The command that the words begin with, the longest name first, and the words after it. */
function commandOf(
  commands: readonly Command[],
  words: readonly string[],
): readonly [Command | Family, readonly string[]] {
  const [first, second] = words;
  const named = (name: string): Command | undefined => commands.find((command) => command.name === name);
  const two = second === undefined ? undefined : named(`${first} ${second}`);
  if (two) return [two, words.slice(2)];
  const one = named(first === undefined || first.startsWith('-') ? '' : first);
  if (one) return [one, one.name === '' ? words : words.slice(1)];
  const members = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (members.length > 0) return [{ family: String(first), members }, words.slice(1)];
  throw new UsageError(`unknown command ${JSON.stringify(first)}${meant(String(first), commands)}`);
}

/** What was meant by a word that is no command: the name of an option, as in `coven-doctor fix`, or one that is near. */
function meant(word: string, commands: readonly Command[]): string {
  const isOption = Object.hasOwn(commands.find(({ name }) => name === '')?.options ?? {}, word);
  if (isOption) return `; did you mean "--${word}"?`;
  return didYouMean(word, namesOf(commands)) || '; `coven-doctor help` lists the commands';
}

const namesOf = (commands: readonly Command[]): readonly string[] =>
  commands.flatMap(({ name }) => [name, ...name.split(' ')]).filter((name) => name !== '');

function incomplete({ family, members }: Family, [word]: readonly string[]): string {
  const names = members.map(({ name }) => name.slice(family.length + 1));
  return word === undefined || word.startsWith('-')
    ? `${family} needs a command: ${names.join(', ')}`
    : `unknown command ${JSON.stringify(`${family} ${word}`)}${didYouMean(word, names) || `; it has ${names.join(', ')}`}`;
}
