import { formats } from '../render/format.ts';
import type { DiagnoseOptions, DoctorOptions, ListOptions } from './doctor.ts';
import { once } from './once.ts';
import { UsageError } from './usage.ts';

/** Options that several commands share, as yargs takes them, and what they come to. */

export const listing = {
  home: { type: 'string', requiresArg: true, describe: 'The Coven home  [$COVEN_HOME, else ~/.coven]' },
  checks: {
    type: 'string',
    array: true,
    nargs: 1,
    requiresArg: true,
    describe: 'Also the checks of this module, a path or a package; it is code, and runs',
  },
} as const;

export const diagnosis = {
  ...listing,
  only: { type: 'string', array: true, requiresArg: true, describe: 'Only these checks or families' },
  skip: { type: 'string', array: true, requiresArg: true, describe: 'Without these checks or families' },
  'fail-on': {
    choices: ['fail', 'warn'] as const,
    default: 'fail' as const,
    describe: 'From which status on the exit code is 1',
  },
  timeout: { type: 'number', requiresArg: true, describe: 'Seconds for the whole run  [20; with --deep 600]' },
  deep: { type: 'boolean', default: false, describe: 'Read the whole ledger, however long it takes' },
} as const;

export const display = {
  format: { choices: formats, requiresArg: true, describe: 'What is printed  [text]' },
  json: { type: 'boolean', default: false, describe: 'Short for --format json' },
  output: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'FORMAT=FILE: also write this file, for its owner alone',
  },
  suppress: { type: 'string', requiresArg: true, describe: 'A file of suppressions  [./.coven-doctor.toml]' },
  baseline: { type: 'string', requiresArg: true, describe: 'A saved JSON report: only what is new fails' },
  verbose: { type: 'boolean', default: false, describe: 'Every check, not only what needs attention' },
} as const;

export const packing = {
  bundle: { type: 'boolean', default: false, describe: 'Also pack the evidence for support into the current folder' },
} as const;

interface Sources {
  readonly home?: unknown;
  readonly checks?: readonly string[] | undefined;
}

interface Parsed extends Sources {
  readonly only?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
  readonly failOn: 'fail' | 'warn';
  readonly timeout?: unknown;
  readonly deep: boolean;
}

export function sourcesOf({ home, checks = [] }: Sources): ListOptions {
  if (home !== undefined && typeof home !== 'string') throw new UsageError('--home is given more than once');
  return { home, modules: checks };
}

export function optionsOf({ only, skip, failOn, timeout, deep, ...sources }: Parsed): DiagnoseOptions {
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 1 && timeout <= 86_400)) {
    throw new UsageError('--timeout takes one number of seconds from 1 to 86400');
  }
  const list = (names: readonly string[] = []): readonly string[] => names.flatMap((name) => name.split(','));
  return { ...sourcesOf(sources), only: list(only), skip: list(skip), failOn, timeout, deep };
}

/** How a report is shown, and what of it is accepted beforehand. */
export type DisplayOptions = Omit<DoctorOptions, keyof DiagnoseOptions | 'bundle'>;

interface Displayed {
  readonly format?: DoctorOptions['format'] | undefined;
  readonly json: boolean;
  readonly output?: readonly string[] | undefined;
  readonly suppress?: unknown;
  readonly baseline?: unknown;
  readonly verbose: boolean;
}

export function displayOf({ format, json, output = [], suppress, baseline, verbose }: Displayed): DisplayOptions {
  // yargs gives what is said more than once as a list.
  if (Array.isArray(format)) throw new UsageError('--format is given more than once; --output FORMAT=FILE adds files');
  if (json && format !== undefined && format !== 'json') throw new UsageError(`--json and --format ${format} differ`);
  return {
    format: json ? 'json' : (format ?? 'text'),
    output,
    suppress: once('suppress', suppress),
    baseline: once('baseline', baseline),
    verbose,
  };
}
