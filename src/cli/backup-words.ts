import { resolve } from 'node:path';
import type { BackupOptions } from './backup.ts';
import { namedHome } from './home.ts';
import { once } from './once.ts';
import { parserFor } from './parser.ts';

const common = {
  home: { type: 'string', requiresArg: true, describe: 'The Coven home  [$COVEN_HOME, else ~/.coven]' },
  'backup-dir': {
    type: 'string',
    requiresArg: true,
    describe: 'A private folder outside the home  [doctor/runs in the home]',
  },
  json: { type: 'boolean', default: false, describe: 'One JSON document on stdout' },
} as const;

/** `coven-doctor backup WORDS`; tells the exit code. */
export async function runBackup(words: readonly string[], signal: AbortSignal): Promise<number> {
  let code = 0;
  await parserFor(words, 'coven-doctor backup')
    .usage('$0 COMMAND [options]\n\nCopies a Coven home, proves the copy, and puts one back.')
    .command('create', 'Copy the home and prove the copy; nothing of the home changes', common, async (argv) => {
      code = await (await import('./backup.ts')).create(optionsOf(argv), signal);
    })
    .command('list', 'Name every backup, what it holds, and which may go', common, async (argv) => {
      code = await (await import('./backup.ts')).list(optionsOf(argv));
    })
    .command(
      'verify [id]',
      'Prove a backup again, or all: restored beside it, every byte and row compared',
      (args) => args.positional('id', { type: 'string' }).options(common),
      async (argv) => {
        code = await (await import('./backup.ts')).verify(optionsOf(argv), argv.id, signal);
      },
    )
    .command(
      'restore <id>',
      'Put a backup back; tells first what is newer than it, and deletes nothing',
      (args) =>
        args
          .positional('id', { type: 'string', demandOption: true })
          .options(common)
          .option('allow', {
            choices: ['lossy'] as const,
            describe: 'What is newer than the backup may leave its place',
          })
          .option('yes', { type: 'boolean', default: false, describe: 'Do not ask' }),
      async (argv) => {
        const consent = { lossy: argv.allow === 'lossy', yes: argv.yes };
        code = await (await import('./backup.ts')).restore(optionsOf(argv), argv.id, consent, signal);
      },
    )
    .demandCommand(1, 'name a command of `coven-doctor backup`; --help shows them')
    .epilog('Exit codes: 0 done; 1 a backup is not what it was; 2 usage; 5 refused for safety; 70 a bug of ours.')
    .parseAsync();
  return code;
}

interface Parsed {
  readonly home?: unknown;
  readonly backupDir?: unknown;
  readonly json: boolean;
}

function optionsOf({ home, backupDir, json }: Parsed): BackupOptions {
  const place = once('backup-dir', backupDir);
  return { home: namedHome(home).path, backupDir: place === undefined ? null : resolve(place), json };
}
