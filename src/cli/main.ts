import { constants } from 'node:os';
import { tool } from '../host/package.ts';
import type { DiagnoseOptions, DoctorOptions } from './doctor.ts';
import { UsageError } from './usage.ts';

/** A bug in the tool: the exit code until something else is known. */
const bug = 70;

/**
 * Runs one command line and sets the exit code; the only reader of argv. `words` are what follows the program's name,
 * with `doctor` put first for `coven-doctor`.
 */
export async function main(words: readonly string[]): Promise<void> {
  process.exitCode = bug;
  const ended = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => ended.abort(signal);
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    process.exitCode = await run(words, ended.signal);
  } catch (error) {
    process.exitCode = await told(error, ended.signal);
  }
  // Nothing that is still under way may keep the process: what it would say is in the report as unknown.
  process.exit();
}

async function told(error: unknown, ended: AbortSignal): Promise<number> {
  if (ended.aborted) return 128 + constants.signals[ended.reason as NodeJS.Signals];
  const { harmless } = await import('../render/harmless.ts');
  if (error instanceof UsageError) {
    process.stderr.write(`coven-doctor: ${harmless(error.message)}\n`);
    return 2;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`coven-doctor: this is a bug of ours, please report it\n${stack}\n`);
  return bug;
}

async function run(words: readonly string[], signal: AbortSignal): Promise<number> {
  const { default: yargs } = await import('yargs');
  let code = 0;
  const parser = yargs([...words])
    .scriptName('coven')
    .locale('en')
    .version(tool().version)
    .usage('$0 doctor: tells what is wrong with a Coven home, proves it, and changes nothing')
    .command(
      'doctor',
      'Diagnose the home: daemon, socket, ledger, sessions',
      (args) =>
        args
          .usage('$0 doctor [list | explain CHECK] [options]')
          .options(diagnosis)
          .options({
            json: {
              type: 'boolean',
              default: false,
              describe: 'One JSON document on stdout',
            },
            verbose: {
              type: 'boolean',
              default: false,
              describe: 'Every check, not only what needs attention',
            },
          })
          .command('list', 'Name every check', {}, async () => {
            code = await (await import('./doctor.ts')).list();
          })
          .command(
            'explain <check>',
            'What a check decides, and the chain from what is seen here to its findings',
            (args) => args.positional('check', { type: 'string', demandOption: true }),
            async (argv) => {
              code = await (await import('./doctor.ts')).explain(argv.check, diagnoseOptions(argv), signal);
            },
          )
          .example('$0 doctor', 'what is wrong with $COVEN_HOME, or ~/.coven')
          .example('$0 doctor --json --fail-on warn', 'for a pipeline')
          .epilog(
            'Exit codes: 0 nothing at the threshold, 1 a finding, 2 usage, 3 something could not be determined, 70 a bug.',
          ),
      async (argv) => {
        const options: DoctorOptions = {
          ...diagnoseOptions(argv),
          json: argv.json === true,
          verbose: argv.verbose === true,
        };
        code = await (await import('./doctor.ts')).doctor(options, signal);
      },
    )
    .demandCommand(1, 'name a command; --help shows them')
    .strict()
    .recommendCommands()
    .wrap(process.stdout.isTTY ? Math.min(110, process.stdout.columns || 80) : 100)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message.split('\n', 1)[0] ?? message);
    });
  await parser.parseAsync();
  return code;
}

const diagnosis = {
  home: {
    type: 'string',
    requiresArg: true,
    describe: 'The Coven home  [$COVEN_HOME, else ~/.coven]',
  },
  only: {
    type: 'string',
    array: true,
    requiresArg: true,
    default: [] as string[],
    describe: 'Only these checks or families',
  },
  skip: {
    type: 'string',
    array: true,
    requiresArg: true,
    default: [] as string[],
    describe: 'Without these checks or families',
  },
  'fail-on': {
    choices: ['fail', 'warn'] as const,
    default: 'fail',
    describe: 'From which status on the exit code is 1',
  },
  timeout: {
    type: 'number',
    requiresArg: true,
    describe: 'Seconds for the whole run  [15; with --deep 600]',
  },
  deep: {
    type: 'boolean',
    default: false,
    describe: 'Read the whole ledger, however long it takes',
  },
} as const;

function diagnoseOptions(argv: Readonly<Record<string, unknown>>): DiagnoseOptions {
  const timeout = argv.timeout;
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 1 && timeout <= 86_400)) {
    throw new UsageError('--timeout takes a number of seconds from 1 to 86400');
  }
  const home = argv.home;
  if (Array.isArray(home)) throw new UsageError('--home is given more than once');
  const list = (value: unknown): readonly string[] =>
    (value as string[]).flatMap((item) => String(item).split(',')).filter(Boolean);
  return {
    home: home as string | undefined,
    only: list(argv.only),
    skip: list(argv.skip),
    failOn: argv.failOn as DiagnoseOptions['failOn'],
    timeout,
    deep: argv.deep === true,
  };
}
