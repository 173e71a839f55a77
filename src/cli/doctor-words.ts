import { startReaderAhead } from '../host/reader.ts';
import { agreeing } from './agreeing.ts';
import { diagnosis, display, displayOf, listing, optionsOf, packing, sourcesOf } from './options.ts';
import { UsageError } from './usage.ts';

const repairing = {
  fix: { type: 'boolean', default: false, describe: 'Mend what can be mended: backup, journal, repair, look again' },
  ...agreeing,
} as const;

const repairs: readonly string[] = ['plan', 'apply', 'undo', 'runs'];
const upgrades: readonly string[] = ['preflight', 'postflight'];
const ofBundles: readonly string[] = ['bundle', 'analyze', 'diff'];

/**
 * `coven doctor WORDS` and `coven-doctor WORDS`; tells the exit code. The diagnosis is the parser's default command:
 * for any other, yargs renders its help before it is asked for, which takes longer than a diagnosis.
 */
export async function runDoctor(words: readonly string[], signal: AbortSignal): Promise<number> {
  const [first] = words;
  const looks = first === undefined || first.startsWith('-') || upgrades.includes(first);
  if (looks && !words.includes('--help') && !words.includes('--version')) startReaderAhead();
  // Nothing to parse: yargs takes as long to load as Node takes to start.
  if (first === undefined) return (await import('./doctor.ts')).doctor(asked, signal);
  if (first !== undefined && repairs.includes(first)) return (await import('./fix-words.ts')).runRepair(words, signal);
  if (upgrades.includes(first)) return (await import('./upgrade-words.ts')).runUpgrade(words, signal);
  if (ofBundles.includes(first)) return (await import('./bundle-words.ts')).runBundle(words, signal);
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
      (args) => args.options(diagnosis).options(display).options(packing).options(repairing),
      async (argv) => {
        if (argv.fix) {
          refuseWithFix(argv);
          const [{ fix }, { repairOptions }] = await Promise.all([import('./fix.ts'), import('./repair-options.ts')]);
          code = await fix(repairOptions({ ...argv, ...optionsOf(argv) }), signal);
          return;
        }
        const { doctor } = await import('./doctor.ts');
        code = await doctor({ ...optionsOf(argv), ...displayOf(argv), bundle: argv.bundle }, signal);
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
    .command('preflight', 'Whether an upgrade of Coven may begin; --save keeps the state before it')
    .command('postflight', 'Whether it went well, against the state of before')
    .command('plan', 'What --fix would do; -o saves it for `apply`')
    .command('apply', 'Apply a saved plan, and exactly that')
    .command('undo', 'Take back what a run changed')
    .command('runs', 'Name the runs that changed this home')
    .command('demo', 'Kill, diagnose, mend and undo in a scratch folder, step by step', {}, async () => {
      code = await (await import('./demo.ts')).demo(signal);
    })
    .command('backup', 'Copy the home, prove the copy, put one back')
    .command('bundle', 'Pack what support needs, redacted and proven')
    .command('analyze', 'Run the checks on a bundle, anywhere')
    .command('diff', 'What changed between two bundles')
    .example('$0', 'what is wrong with $COVEN_HOME, or ~/.coven')
    .example('$0 --json --fail-on warn', 'for a pipeline')
    .example('$0 --fix', 'mend what can be mended safely: shows the plan, and asks')
    .example('$0 explain daemon', 'why it says what it says')
    .epilog(
      'Exit codes: 0 nothing at the threshold; 1 a finding; 2 usage; 3 something could not be determined; 4 a repair failed; 5 refused for safety; 6 bundle withheld; 70 a bug of ours.',
    )
    .parseAsync();
  return code;
}

/** What is meant where nothing is said. */
const asked = {
  ...optionsOf({ failOn: diagnosis['fail-on'].default, deep: diagnosis.deep.default }),
  ...displayOf({ json: display.json.default, verbose: display.verbose.default }),
  bundle: packing.bundle.default,
};

const ofDiagnosis = ['only', 'skip', 'checks', 'format', 'output', 'suppress', 'baseline'];

/** A repair looks at everything, tells its own story, and what is accepted in a report is no less broken. */
function refuseWithFix(argv: Readonly<Record<string, unknown>>): void {
  const given = ofDiagnosis.find((name) => argv[name] !== undefined);
  if (argv.bundle) throw new UsageError('--bundle is of a diagnosis; pack the evidence before a repair, or after it');
  if (given) throw new UsageError(`--${given} is of a diagnosis; leave out --fix`);
}
