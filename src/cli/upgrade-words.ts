import { isVersion } from '../coven/versions.ts';
import type { Requirements } from '../upgrade/state.ts';
import { once } from './once.ts';
import { diagnosis, display, displayOf, optionsOf } from './options.ts';
import { parserFor } from './parser.ts';
import { UsageError } from './usage.ts';

const { deep: _, ...looking } = diagnosis;
const timeout = { ...diagnosis.timeout, describe: 'Seconds for the whole run  [600]' } as const;
const common = { ...looking, timeout, ...display } as const;

const exits =
  'Exit codes: 0 yes; 1 a finding; 2 usage, or a file that cannot be used; 3 something could not be determined, which is no yes; 70 a bug of ours.';

const requirements = {
  'target-version': { type: 'string', requiresArg: true, describe: 'The version that is to run afterwards' },
  require: {
    type: 'string',
    array: true,
    nargs: 1,
    requiresArg: true,
    describe: 'Capabilities that clients need, by commas: names of the health answer, ids of the catalogue',
  },
  contract: { type: 'string', requiresArg: true, describe: 'The contract that clients keep: coven.daemon.v1' },
} as const;

/** `coven-doctor preflight|postflight WORDS`; tells the exit code. Both read the whole ledger. */
export async function runUpgrade(words: readonly string[], signal: AbortSignal): Promise<number> {
  let code = 0;
  await parserFor(words, 'coven-doctor')
    .command(
      'preflight',
      'Whether an upgrade of Coven may begin; what cannot be determined never passes',
      (args) =>
        args
          .options(common)
          .options(requirements)
          .option('save', {
            type: 'string',
            requiresArg: true,
            describe: 'Where to keep the state before, for postflight',
          })
          .option('wait-idle', {
            type: 'string',
            requiresArg: true,
            describe: 'Wait so long for live sessions to end: 90s, 10m, 2h',
          })
          .example('$0 preflight --target-version 0.4.7 --save before.json', 'may the upgrade begin?')
          .epilog(exits),
      async (argv) => {
        const options = {
          ...optionsOf({ ...argv, deep: true }),
          ...displayOf(argv),
          bundle: false,
          requirements: requirementsOf(argv),
          save: once('save', argv.save),
          waitSeconds: argv.waitIdle === undefined ? 0 : secondsOf(argv.waitIdle),
        };
        code = await (await import('./preflight.ts')).preflight(options, signal);
      },
    )
    .command(
      'postflight',
      'Whether an upgrade went well, against the state that preflight --save kept',
      (args) =>
        args
          .options(common)
          .option('against', {
            type: 'string',
            requiresArg: true,
            demandOption: true,
            describe: 'The file that preflight --save has written',
          })
          .epilog(exits),
      async (argv) => {
        const options = { ...optionsOf({ ...argv, deep: true }), ...displayOf(argv), bundle: false };
        const against = once('against', argv.against) ?? '';
        code = await (await import('./postflight.ts')).postflight(options, against, signal);
      },
    )
    .parseAsync();
  return code;
}

interface Parsed {
  readonly targetVersion?: unknown;
  readonly require?: readonly string[] | undefined;
  readonly contract?: unknown;
}

/** A name of a capability, or of a contract. */
const nameShape = /^\w[\w.:-]{0,199}$/;
const nameLimit = 100;

function requirementsOf({ targetVersion, require: lists = [], contract }: Parsed): Requirements {
  const capabilities = [...new Set(lists.flatMap((list) => list.split(',')).map((name) => name.trim()))];
  const wrong = capabilities.find((name) => !nameShape.test(name));
  if (wrong !== undefined || capabilities.length > nameLimit)
    throw new UsageError(
      `--require takes names by commas, ${nameLimit} at the most; not ${JSON.stringify(wrong ?? '…')}`,
    );
  if (targetVersion !== undefined && (typeof targetVersion !== 'string' || !isVersion(targetVersion)))
    throw new UsageError('--target-version takes one version, as 0.4.7');
  if (contract !== undefined && (typeof contract !== 'string' || !nameShape.test(contract)))
    throw new UsageError('--contract takes one name, as coven.daemon.v1');
  return { targetVersion: targetVersion ?? null, contract: contract ?? null, capabilities };
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const daySeconds = 86_400;

function secondsOf(duration: unknown): number {
  const [, number, unit = ''] = (typeof duration === 'string' && /^(\d{1,5})([smh])$/.exec(duration)) || [];
  const seconds = Number(number) * (unitSeconds[unit] ?? Number.NaN);
  if (!(seconds >= 1 && seconds <= daySeconds))
    throw new UsageError('--wait-idle takes one duration of at most a day: 90s, 10m, 2h');
  return seconds;
}
