import { UsageError } from '../../terminal/usage.ts';
import { agreeing, diagnosis, display, displayOf, listing, optionsOf, packing, sourcesOf } from '../options/shared.ts';
import { type Command, defineCommand } from './command.ts';

const asked = ['only', 'skip', 'checks', 'format', 'output', 'suppress', 'baseline'];

/** A repair diagnoses everything and prints its own report. Accepted findings are repaired, too. */
function refuseWithFix(argv: Readonly<Record<string, unknown>>): void {
  const given = asked.find((name) => argv[name] !== undefined);
  if (argv.bundle) throw new UsageError('--bundle does not go with --fix; make the bundle before or after the repair');
  if (given) throw new UsageError(`--${given} does not go with --fix`);
}

/** The plain diagnosis, which has no command word, and the commands about checks. */
export const diagnose: readonly Command[] = [
  defineCommand({
    name: '',
    group: 'diagnose',
    summary: 'Diagnose the home: what is wrong, and how we know',
    about:
      'Changes nothing in the home. With --fix, shows a plan of repairs, asks, and applies it; a backup comes first.',
    options: {
      ...diagnosis,
      ...display,
      ...packing,
      fix: { type: 'boolean', default: false, describe: 'Repair what can be repaired: backup, repair, check again' },
      'dry-run': { type: 'boolean', default: false, describe: 'With --fix: show the plan; change nothing' },
      ...agreeing,
    },
    examples: [
      ['coven-doctor', 'what is wrong with your Coven home'],
      ['coven-doctor --fix', 'repair it; shows the plan and asks first'],
      ['coven-doctor --json --fail-on warn', 'for a pipeline'],
    ],
    readsLedger: true,
    run: async (argv, signal) => {
      if (argv.fix) {
        refuseWithFix(argv);
        const { repairOptions } = await import('../options/repair.ts');
        const options = repairOptions({ ...argv, ...optionsOf(argv) });
        if (argv.dryRun) return (await import('../plan.ts')).plan(options, undefined, signal);
        return (await import('../fix.ts')).fix(options, signal);
      }
      if (argv.dryRun) throw new UsageError('--dry-run goes with --fix; without it nothing is changed');
      const { doctor } = await import('../doctor.ts');
      return doctor({ ...optionsOf(argv), ...displayOf(argv), bundle: argv.bundle }, signal);
    },
  }),
  defineCommand({
    name: 'list',
    group: 'diagnose',
    summary: 'List every check',
    options: listing,
    examples: [
      ['coven-doctor list', 'what is checked'],
      ['coven-doctor list --checks ./my-checks.js', 'and what a module of yours adds'],
    ],
    run: async (argv, signal) => (await import('../doctor.ts')).list(sourcesOf(argv), signal),
  }),
  defineCommand({
    name: 'explain',
    group: 'diagnose',
    summary: 'Explain a check: what it checks, and the evidence found here',
    positionals: { check: { value: 'CHECK', describe: 'The id of a check, as `list` shows it' } },
    options: { ...listing, timeout: diagnosis.timeout, deep: diagnosis.deep },
    examples: [
      ['coven-doctor explain daemon', 'why the daemon is said to be stopped, hung or stale'],
      ['coven-doctor explain store:wal --deep', 'the same after reading the whole ledger'],
    ],
    run: async (argv, signal) =>
      (await import('../doctor.ts')).explain(argv.check, optionsOf({ failOn: 'fail', ...argv }), signal),
  }),
];
