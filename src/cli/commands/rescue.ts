import { resolve } from 'node:path';
import { UsageError } from '../../terminal/usage.ts';
import { namedHome } from '../options/home.ts';
import { home, json, onePath, quiet } from '../options/shared.ts';
import { type Command, defineCommand } from './command.ts';

/** The command that recovers rows from a damaged ledger. */
export const rescue: readonly Command[] = [
  defineCommand({
    name: 'rescue',
    group: 'repair',
    summary: 'Rescue every row that a damaged ledger still holds',
    about:
      'Shows what can be rescued, asks, and puts a new ledger in place of the damaged one, which is kept: `undo` puts it back. With -o it writes a file and leaves the home as it is. Its exit codes: 0: nothing was lost; 1: something was lost; 3: nothing is known to be lost, but rows may be missing unnoticed.',
    options: {
      home,
      'dry-run': { type: 'boolean', default: false, describe: 'Show what can be rescued; change nothing' },
      o: {
        alias: 'output',
        type: 'string',
        requiresArg: true,
        value: 'FILE',
        describe: 'Write the rescued ledger to this new file',
      },
      from: {
        type: 'string',
        requiresArg: true,
        value: 'FILE',
        describe: 'A damaged ledger elsewhere, or a folder that holds one [default: the ledger of the home]',
      },
      merge: {
        type: 'string',
        requiresArg: true,
        value: 'LEDGER',
        describe:
          'Fill what was lost from another ledger: the id of a backup or of a run that keeps one, a file, or a folder that holds one',
      },
      session: {
        type: 'string',
        array: true,
        requiresArg: true,
        value: 'ID',
        describe: 'With --merge: take this session whole, though this ledger does not name it; may be repeated',
      },
      'backup-dir': {
        type: 'string',
        requiresArg: true,
        value: 'DIR',
        describe: 'A folder outside the home with backups, beside those in the home',
      },
      yes: { type: 'boolean', default: false, describe: 'Put the rescued ledger in place without asking' },
      json,
      quiet,
    },
    examples: [
      ['coven-doctor rescue --dry-run', 'see what can be rescued'],
      ['coven-doctor rescue', 'put the rescued ledger in place of the damaged one; asks first'],
      ['coven-doctor rescue --merge ID --dry-run', 'see what the backup ID would fill'],
    ],
    run: async (argv, signal) => {
      const from = onePath('from', argv.from) ?? null;
      const merge = onePath('merge', argv.merge) ?? null;
      const output = onePath('output', argv.o) ?? null;
      const place = onePath('backup-dir', argv.backupDir);
      if (argv.dryRun && output !== null) throw new UsageError('--dry-run writes nothing; leave out -o');
      if (!argv.dryRun && output === null && from !== null)
        throw new UsageError('--from is for -o and --dry-run: what comes in place is made of the home’s own ledger');
      const sessions = argv.session ?? [];
      if (sessions.length > 0 && merge === null)
        throw new UsageError('--session names a session of another ledger; name that ledger with --merge');
      const { rescue } = await import('../rescue.ts');
      // A ledger elsewhere needs no home. If there is one, nothing is written in it.
      const named = namedHome(argv.home);
      return rescue(
        {
          home: named.path,
          named,
          from,
          merge,
          sessions,
          backupDir: place === undefined ? null : resolve(place),
          dryRun: argv.dryRun,
          output,
          yes: argv.yes,
          json: argv.json,
        },
        signal,
      );
    },
  }),
];
