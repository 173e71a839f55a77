import type { ArgumentsCamelCase, InferredOptionTypes, Options } from 'yargs';

export const shells = ['bash', 'zsh', 'fish'] as const;

/** Help, completions and the manual page list the commands in these groups, in this order. */
export const groups = ['diagnose', 'repair', 'evidence', 'upgrade', 'daemon', 'learn'] as const;

/** What a value is, for help and completions: `--home DIR`. */
export type ValueName = 'DIR' | 'FILE' | 'MODULE' | 'CHECK' | 'FAULT' | 'FORMAT=FILE' | (string & {});

/** An option as yargs takes it, with the name of its value. */
export interface Option extends Options {
  readonly describe: string;
  readonly value?: ValueName;
}

export interface Positional {
  readonly value: ValueName;
  readonly describe: string;
  readonly optional?: true;
}

/** Texts that are made from the table of all commands. They are passed in, because a command cannot import that table. */
export interface MadeOfCommands {
  readonly completionOf: (shell: (typeof shells)[number]) => Promise<string>;
  readonly manual: () => Promise<string>;
}

/** One command: everything that its parser, help, completions and manual page say about it. */
export interface Command {
  /** Its words, as `backup create`; empty for the plain diagnosis. */
  readonly name: string;
  readonly group: (typeof groups)[number];
  /** One line for lists of commands. */
  readonly summary: string;
  /** What else its help says, in sentences. */
  readonly about?: string;
  readonly positionals: Readonly<Record<string, Positional>>;
  readonly options: Readonly<Record<string, Option>>;
  /** Command lines that work as they stand, and what each is for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
  /** It reads the ledger: the program that does so is started while the rest is still loading. */
  readonly readsLedger?: true;
  /** Resolves with the exit code. */
  readonly run: (argv: never, signal: AbortSignal, made: MadeOfCommands) => Promise<number>;
}

/** A first word that several commands share and that is no command itself: `backup`. */
export interface Family {
  readonly family: string;
  readonly members: readonly Command[];
}

type Words<P extends Readonly<Record<string, Positional>>> = {
  readonly [K in keyof P]: P[K] extends { readonly optional: true } ? string | undefined : string;
};

interface Definition<O extends Readonly<Record<string, Option>>, P extends Readonly<Record<string, Positional>>>
  extends Omit<Command, 'options' | 'positionals' | 'run'> {
  readonly options?: O;
  readonly positionals?: P;
  readonly run: (
    argv: ArgumentsCamelCase<InferredOptionTypes<O>> & Words<P>,
    signal: AbortSignal,
    made: MadeOfCommands,
  ) => Promise<number>;
}

export function defineCommand<
  O extends Readonly<Record<string, Option>> = Record<never, never>,
  P extends Readonly<Record<string, Positional>> = Record<never, never>,
>(definition: Definition<O, P>): Command {
  const { options = {}, positionals = {}, run, ...rest } = definition;
  // What is parsed has the types of the same options: src/cli/commands/parse.ts is their only reader.
  return { ...rest, options, positionals, run: run as Command['run'] };
}
