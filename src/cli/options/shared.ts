import { type Format, formats } from '../../render/format.ts';
import type { Threshold } from '../../run/report.ts';
import { UsageError } from '../../terminal/usage.ts';

/** Options that several commands share, as yargs takes them, and what they come to. */

export const home = {
  type: 'string',
  requiresArg: true,
  value: 'DIR',
  describe: 'The Coven home [default: $COVEN_HOME, else ~/.coven]',
} as const;

export const json = { type: 'boolean', default: false, describe: 'Print one JSON document' } as const;

/** Of a command that may take long. */
export const quiet = {
  type: 'boolean',
  default: false,
  describe: 'Show no progress: only the result, and what went wrong',
} as const;

export const listing = {
  home,
  checks: {
    type: 'string',
    array: true,
    nargs: 1,
    requiresArg: true,
    value: 'MODULE',
    describe: 'Add the checks of this module, a path or a package. Its code is run',
  },
} as const;

export const diagnosis = {
  ...listing,
  only: {
    type: 'string',
    array: true,
    requiresArg: true,
    value: 'CHECK',
    describe: 'Run only these checks or families',
  },
  skip: { type: 'string', array: true, requiresArg: true, value: 'CHECK', describe: 'Skip these checks or families' },
  'fail-on': {
    choices: ['fail', 'warn'] as const,
    default: 'fail' as const,
    value: 'STATUS',
    describe: 'Exit with 1 from this status on: fail or warn [default: fail]',
  },
  timeout: {
    type: 'number',
    requiresArg: true,
    value: 'SECONDS',
    describe: 'Time for the whole run [default: 20; with --deep 600]',
  },
  deep: { type: 'boolean', default: false, describe: 'Read the whole ledger, however long it takes' },
  quiet,
} as const;

export const display = {
  format: {
    choices: formats,
    requiresArg: true,
    value: 'FORMAT',
    describe: `What to print: ${formats.join(', ')} [default: text]`,
  },
  json: { type: 'boolean', default: false, describe: 'Short for --format json' },
  output: {
    type: 'string',
    array: true,
    requiresArg: true,
    value: 'FORMAT=FILE',
    describe: 'Also write a report to this file, readable by you alone',
  },
  suppress: {
    type: 'string',
    requiresArg: true,
    value: 'FILE',
    describe: 'Suppressions [default: .coven-doctor.toml in the current folder]',
  },
  baseline: {
    type: 'string',
    requiresArg: true,
    value: 'FILE',
    describe: 'Fail only on findings that are not in this earlier JSON report',
  },
  verbose: { type: 'boolean', default: false, describe: 'Show every check, not only what needs attention' },
} as const;

export const packing = {
  bundle: { type: 'boolean', default: false, describe: 'Also write a support bundle to the current folder' },
} as const;

/** Options by which an operator agrees to a repair. */
export const agreeing = {
  allow: {
    choices: ['disruptive', 'lossy'] as const,
    array: true,
    value: 'RISK',
    describe: 'Allow steps that end running work (disruptive) or may lose data (lossy)',
  },
  yes: { type: 'boolean', default: false, describe: 'Apply without asking' },
  'backup-dir': {
    type: 'string',
    requiresArg: true,
    value: 'DIR',
    describe: 'Folder outside the home for the backup [default: in the home, with the run]',
  },
  'start-daemon': { type: 'boolean', default: false, describe: 'Also start a daemon that is merely stopped' },
} as const;

/** Of a command that asks nothing, since what it does was agreed to or can be taken back: scripts may say it all the same. */
export const unasked = {
  yes: { type: 'boolean', default: false, describe: 'Has no effect here: this command does not ask' },
} as const;

/** Seconds for a diagnosis: a whole ledger may take minutes; without --deep, a silent daemon is watched for ten seconds. */
export const secondsFor = (timeout: number | undefined, deep: boolean): number => timeout ?? (deep ? 600 : 20);

/** The path that an option names; undefined where it is not given. Throws a UsageError for more than one, or none. */
export function onePath(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new UsageError(`--${name} takes one path`);
}

export interface DiagnoseOptions {
  readonly home: string | undefined;
  /** Modules with checks that are not ours, as they were named. */
  readonly modules: readonly string[];
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly failOn: Threshold;
  /** Seconds for the whole run. */
  readonly timeout: number | undefined;
  readonly deep: boolean;
}

export type ListOptions = Pick<DiagnoseOptions, 'home' | 'modules'>;

export interface DoctorOptions extends DiagnoseOptions {
  /** The format on stdout. */
  readonly format: Format;
  /** `FORMAT=FILE`. */
  readonly output: readonly string[];
  /** Paths: a file of suppressions, and a saved report to compare findings with. */
  readonly suppress: string | undefined;
  readonly baseline: string | undefined;
  readonly verbose: boolean;
  /** Also write a support bundle to the current folder. */
  readonly bundle: boolean;
}

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
    suppress: onePath('suppress', suppress),
    baseline: onePath('baseline', baseline),
    verbose,
  };
}
