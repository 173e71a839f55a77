import { agreeing } from './agreeing.ts';
import { namedHome } from './home.ts';
import { once } from './once.ts';
import { parserFor } from './parser.ts';
import { repairOptions } from './repair-options.ts';
import { UsageError } from './usage.ts';

const place = {
  home: { type: 'string', requiresArg: true, describe: 'The Coven home  [$COVEN_HOME, else ~/.coven]' },
  json: { type: 'boolean', default: false, describe: 'One JSON document on stdout' },
} as const;

/** `coven-doctor plan|apply|undo|runs WORDS`; tells the exit code. */
export async function runRepair(words: readonly string[], signal: AbortSignal): Promise<number> {
  let code = 0;
  const onCode = (told: number): void => {
    code = told;
  };
  await parserFor(words, 'coven-doctor')
    .command(
      'plan',
      'What --fix would do; -o saves it for `apply`',
      {
        ...place,
        ...agreeing,
        output: { alias: 'o', type: 'string', requiresArg: true, describe: 'File to save it to' },
      },
      async (argv) => {
        const { plan } = await import('./plan.ts');
        onCode(await plan(repairOptions(argv), once('output', argv.output), signal));
      },
    )
    .command(
      'apply <plan>',
      'Apply a saved plan, and exactly that: what changed since is refused',
      (args) => args.positional('plan', { type: 'string', demandOption: true }).options({ ...place, ...agreeing }),
      async (argv) => {
        const { applySaved } = await import('./plan.ts');
        onCode(await applySaved(repairOptions(argv), argv.plan, signal));
      },
    )
    .command(
      'undo [run]',
      'Take back what a run changed; by default the newest one',
      (args) => args.positional('run', { type: 'string' }).options(place),
      async (argv) => {
        if (argv.run !== undefined && !/^[\w-]{1,64}$/.test(argv.run)) throw new UsageError('a run is named by its id');
        const { undo } = await import('./undo.ts');
        onCode(await undo(namedHome(argv.home).path, argv.run, argv.json, signal));
      },
    )
    .command('runs', 'Name the runs that changed this home, newest first', place, async (argv) => {
      const { runs } = await import('./undo.ts');
      onCode(await runs(namedHome(argv.home).path, argv.json));
    })
    .parseAsync();
  return code;
}
