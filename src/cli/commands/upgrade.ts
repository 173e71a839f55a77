import { isVersion } from '../../coven/versions.ts';
import { UsageError } from '../../terminal/usage.ts';
import type { Requirements } from '../../upgrade/state.ts';
import { diagnosis, display, displayOf, onePath, optionsOf } from '../options/shared.ts';
import { type Command, defineCommand } from './command.ts';

const { deep: _, ...looking } = diagnosis;
const timeout = { ...diagnosis.timeout, describe: 'Time for the whole run [default: 600]' } as const;
const common = { ...looking, timeout, ...display } as const;

/** Before and after an upgrade of Coven. Both read the whole ledger. */
export const upgrade: readonly Command[] = [
  defineCommand({
    name: 'preflight',
    group: 'upgrade',
    summary: 'Check whether an upgrade of Coven may begin',
    about: 'Only exit code 0 means go ahead. 3 means that something could not be determined.',
    options: {
      'target-version': {
        type: 'string',
        requiresArg: true,
        value: 'VERSION',
        describe: 'The version that is to run afterwards',
      },
      require: {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        value: 'NAMES',
        describe: 'Capabilities that clients need, separated by commas',
      },
      contract: {
        type: 'string',
        requiresArg: true,
        value: 'NAME',
        describe: 'The contract that clients speak, as coven.daemon.v1',
      },
      save: {
        type: 'string',
        requiresArg: true,
        value: 'FILE',
        describe: 'Save the state before the upgrade, for postflight',
      },
      'wait-idle': {
        type: 'string',
        requiresArg: true,
        value: 'TIME',
        describe: 'Wait this long for running sessions to end: 90s, 10m, 2h',
      },
      ...common,
    },
    examples: [
      ['coven-doctor preflight --target-version 0.4.7 --save before.json', 'may the upgrade begin?'],
      ['coven-doctor preflight --wait-idle 10m', 'wait for running sessions first'],
    ],
    readsLedger: true,
    run: async (argv, signal) => {
      const options = {
        ...optionsOf({ ...argv, deep: true }),
        ...displayOf(argv),
        bundle: false,
        requirements: requirementsOf(argv),
        save: onePath('save', argv.save),
        waitSeconds: argv.waitIdle === undefined ? 0 : secondsOf(argv.waitIdle),
      };
      return (await import('../preflight.ts')).preflight(options, signal);
    },
  }),
  defineCommand({
    name: 'postflight',
    group: 'upgrade',
    summary: 'Check whether an upgrade went well',
    about: 'Only exit code 0 means that it did. 3 means that something could not be determined.',
    options: {
      against: {
        type: 'string',
        requiresArg: true,
        value: 'FILE',
        describe: 'The file that `preflight --save` wrote',
      },
      ...common,
    },
    examples: [
      ['coven-doctor postflight --against before.json', 'after the upgrade'],
      ['coven-doctor postflight --against before.json --format junit', 'for a pipeline'],
    ],
    readsLedger: true,
    run: async (argv, signal) => {
      const options = { ...optionsOf({ ...argv, deep: true }), ...displayOf(argv), bundle: false };
      const against = onePath('against', argv.against);
      if (against === undefined)
        throw new UsageError('postflight needs --against FILE, which `preflight --save` wrote');
      return (await import('../postflight.ts')).postflight(options, against, signal);
    },
  }),
];

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
  // Tags of releases begin with a v.
  const target = typeof targetVersion === 'string' ? targetVersion.replace(/^v(?=\d)/, '') : targetVersion;
  if (target !== undefined && (typeof target !== 'string' || !isVersion(target)))
    throw new UsageError('--target-version takes one version, as 0.4.7');
  if (contract !== undefined && (typeof contract !== 'string' || !nameShape.test(contract)))
    throw new UsageError('--contract takes one name, as coven.daemon.v1');
  return { targetVersion: target ?? null, contract: contract ?? null, capabilities };
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
