import { didYouMean } from '../../terminal/suggest.ts';
import { UsageError } from '../../terminal/usage.ts';
import type { Command } from './command.ts';

/** The options and positionals of a command, from the words after its name. Throws a UsageError for what does not fit. */
export async function parse(command: Command, words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { name, options, positionals } = command;
  const { default: yargs } = await import('yargs');
  const argv = await yargs([...words])
    .locale('en')
    .help(false)
    .version(false)
    .options(options)
    .strictOptions()
    .parserConfiguration({ 'parse-positional-numbers': false, 'boolean-negation': false })
    .exitProcess(false)
    .fail((message, error) => {
      const isOurs = error !== undefined && error.name !== 'YError';
      throw isOurs ? error : new UsageError(inOurWords(message ?? error?.message ?? '', options));
    })
    .parseAsync();
  const given = argv._.map(String);
  const wanted = Object.entries(positionals);
  const missing = wanted.slice(given.length).find(([, { optional }]) => !optional);
  if (missing) throw new UsageError(`${name} needs ${missing[1].value}: ${usageOf(command)}`);
  if (given.length > wanted.length)
    throw new UsageError(`unexpected argument ${JSON.stringify(given[wanted.length])}: ${usageOf(command)}`);
  return { ...argv, ...Object.fromEntries(wanted.map(([key], index) => [key, given[index]])) };
}

/** Its command line in short: `coven-doctor explain CHECK [options]`. */
export function usageOf({ name, positionals }: Pick<Command, 'name' | 'positionals'>): string {
  const values = Object.values(positionals).map(({ value, optional }) => (optional ? `[${value}]` : value));
  return ['coven-doctor', name, ...values, '[options]'].filter((word) => word !== '').join(' ');
}

/** What yargs found wrong, in one line that names the option as it is typed. */
function inOurWords(message: string, options: Command['options']): string {
  const [, unknown] = /^Unknown arguments?: ([^,]+)/.exec(message) ?? [];
  if (unknown !== undefined)
    return `unknown option ${dashed(unknown)}${didYouMean(dashed(unknown), Object.keys(options).map(dashed))}`;
  const [, name = '', given = ''] = /Argument: ([\w-]+), Given: (.{0,80}), Choices: /.exec(message) ?? [];
  const { choices } = options[name] ?? {};
  if (choices) return `${dashed(name)} takes one of ${choices.join(', ')}; not ${given}`;
  const [, without] = /^Not enough arguments following: ([\w-]+)/.exec(message) ?? [];
  if (without !== undefined) return `${dashed(without)} needs ${options[without]?.value ?? 'a value'}`;
  return message.split('\n', 1)[0] ?? message;
}

const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);
