import { startReaderAhead } from '../host/reader.ts';
import { formats } from '../render/format.ts';
import { agreeing } from './agreeing.ts';
import type { DiagnoseOptions, DoctorOptions, ListOptions } from './doctor.ts';
import { UsageError } from './usage.ts';

const listing = {
  home: { type: 'string', requiresArg: true, describe: 'The Coven home  [$COVEN_HOME, else ~/.coven]' },
  checks: {
    type: 'string',
    array: true,
    nargs: 1,
    requiresArg: true,
    describe: 'Also the checks of this module, a path or a package; it is code, and runs',
  },
} as const;

const diagnosis = {
  ...listing,
  only: { type: 'string', array: true, requiresArg: true, describe: 'Only these checks or families' },
  skip: { type: 'string', array: true, requiresArg: true, describe: 'Without these checks or families' },
  'fail-on': {
    choices: ['fail', 'warn'] as const,
    default: 'fail' as const,
    describe: 'From which status on the exit code is 1',
  },
  timeout: { type: 'number', requiresArg: true, describe: 'Seconds for the whole run  [15; with --deep 600]' },
  deep: { type: 'boolean', default: false, describe: 'Read the whole ledger, however long it takes' },
} as const;

const display = {
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

const repairing = {
  fix: { type: 'boolean', default: false, describe: 'Mend what can be mended: backup, journal, repair, look again' },
  ...agreeing,
} as const;

const repairs: readonly string[] = ['plan', 'apply', 'undo', 'runs'];

/**
 * `coven doctor WORDS` and `coven-doctor WORDS`; tells the exit code. The diagnosis is the parser's default command:
 * for any other, yargs renders its help before it is asked for, which takes longer than a diagnosis.
 */
export async function runDoctor(words: readonly string[], signal: AbortSignal): Promise<number> {
  const [first] = words;
  if (first === undefined || (first.startsWith('-') && first !== '--help' && first !== '--version')) startReaderAhead();
  // Nothing to parse: yargs takes as long to load as Node takes to start.
  if (first === undefined) return (await import('./doctor.ts')).doctor(asked, signal);
  if (first !== undefined && repairs.includes(first)) return (await import('./fix-words.ts')).runRepair(words, signal);
  if (first === 'backup') return (await import('./backup-words.ts')).runBackup(words.slice(1), signal);
  const { parserFor } = await import('./parser.ts');
  let code = 0;
  await parserFor(words, 'coven-doctor')
    .usage(
      '$0 [options]\n\nTells what is wrong with a Coven home, proves it, and changes nothing; with --fix, mends it.',
    )
    .command(
      '$0',
      'Diagnose the home',
      (args) => args.options(diagnosis).options(display).options(repairing),
      async (argv) => {
        if (argv.fix) {
          refuseWithFix(argv);
          const [{ fix }, { repairOptions }] = await Promise.all([import('./fix.ts'), import('./repair-options.ts')]);
          code = await fix(repairOptions({ ...argv, ...optionsOf(argv) }), signal);
          return;
        }
        const { doctor } = await import('./doctor.ts');
        code = await doctor({ ...optionsOf(argv), ...displayOf(argv) }, signal);
      },
    )
    .command('list', 'Name every check', listing, async (argv) => {
      code = await (await import('./doctor.ts')).list(sourcesOf(argv), signal);
    })
    .command(
      'explain <check>',
      'What a check decides, and the chain from what is seen here to its findings',
      (args) => args.positional('check', { type: 'string', demandOption: true }).options(diagnosis),
      async (argv) => {
        code = await (await import('./doctor.ts')).explain(argv.check, optionsOf(argv), signal);
      },
    )
    .command(
      'simulate [fault]',
      'Make a home with a fault, for training; without a fault, name them all',
      (args) =>
        args.positional('fault', { type: 'string' }).option('home', {
          type: 'string',
          requiresArg: true,
          describe: 'Where to make it: a path where nothing is, or what simulate made there',
        }),
      async ({ fault, home }) => {
        const { listFaults, simulate } = await import('./simulate.ts');
        code = fault === undefined ? listFaults() : await simulate(fault, home, signal);
      },
    )
    .command(
      'check-kit <module>',
      'Try the checks of a module on hostile homes, and tell which of them may not be relied on',
      (args) => args.positional('module', { type: 'string', demandOption: true }),
      async (argv) => {
        code = await (await import('./check-kit.ts')).checkKit(argv.module, signal);
      },
    )
    .command('plan', 'What --fix would do; -o saves it for `apply`')
    .command('apply', 'Apply a saved plan, and exactly that')
    .command('undo', 'Take back what a run changed')
    .command('runs', 'Name the runs that changed this home')
    .command('demo', 'Kill, diagnose, mend and undo in a scratch folder, step by step', {}, async () => {
      code = await (await import('./demo.ts')).demo(signal);
    })
    .command('backup', 'Copy the home, prove the copy, put one back')
    .example('$0', 'what is wrong with $COVEN_HOME, or ~/.coven')
    .example('$0 --json --fail-on warn', 'for a pipeline')
    .example('$0 --fix', 'mend what can be mended safely: shows the plan, and asks')
    .example('$0 explain daemon', 'why it says what it says')
    .epilog(
      'Exit codes: 0 nothing at the threshold; 1 a finding; 2 usage; 3 something could not be determined; 4 a repair failed; 5 refused for safety; 70 a bug of ours.',
    )
    .parseAsync();
  return code;
}

/** What is meant where nothing is said. */
const asked = {
  ...optionsOf({ failOn: diagnosis['fail-on'].default, deep: diagnosis.deep.default }),
  ...displayOf({ json: display.json.default, verbose: display.verbose.default }),
};

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

function sourcesOf({ home, checks = [] }: Sources): ListOptions {
  if (home !== undefined && typeof home !== 'string') throw new UsageError('--home is given more than once');
  return { home, modules: checks };
}

function optionsOf({ only, skip, failOn, timeout, deep, ...sources }: Parsed): DiagnoseOptions {
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 1 && timeout <= 86_400)) {
    throw new UsageError('--timeout takes one number of seconds from 1 to 86400');
  }
  const list = (names: readonly string[] = []): readonly string[] => names.flatMap((name) => name.split(','));
  return { ...sourcesOf(sources), only: list(only), skip: list(skip), failOn, timeout, deep };
}

interface Displayed {
  readonly format?: DoctorOptions['format'] | undefined;
  readonly json: boolean;
  readonly output?: readonly string[] | undefined;
  readonly suppress?: unknown;
  readonly baseline?: unknown;
  readonly verbose: boolean;
}

function displayOf({
  format,
  json,
  output = [],
  suppress,
  baseline,
  verbose,
}: Displayed): Omit<DoctorOptions, keyof DiagnoseOptions> {
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

function once(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new UsageError(`--${name} takes the path of one file`);
}

/** A repair tells its own story, and what is accepted in a report is no less broken. */
function refuseWithFix(argv: Readonly<Record<string, unknown>>): void {
  const ofDiagnosis = ['format', 'output', 'suppress', 'baseline'].find((name) => argv[name] !== undefined);
  if (ofDiagnosis) throw new UsageError(`--${ofDiagnosis} is of a diagnosis; leave out --fix`);
}
