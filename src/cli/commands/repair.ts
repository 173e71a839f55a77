import { resolve } from 'node:path';
import { UsageError } from '../../terminal/usage.ts';
import type { BackupOptions } from '../backup.ts';
import { namedHome } from '../options/home.ts';
import { repairOptions } from '../options/repair.ts';
import { agreeing, diagnosis, home, json, onePath, optionsOf, quiet, unasked } from '../options/shared.ts';
import { type Command, defineCommand } from './command.ts';

const backups = {
  home,
  'backup-dir': {
    type: 'string',
    requiresArg: true,
    value: 'DIR',
    describe: 'A private folder outside the home [default: doctor/runs in the home]',
  },
  json,
  quiet,
} as const;

/** How thorough the diagnosis before a plan is. */
const looking = { timeout: diagnosis.timeout, deep: diagnosis.deep, quiet } as const;

interface BackupWords {
  readonly home?: unknown;
  readonly backupDir?: unknown;
  readonly json: boolean;
}

function backupOptions({ home, backupDir, json }: BackupWords): BackupOptions {
  const place = onePath('backup-dir', backupDir);
  const named = namedHome(home);
  return { home: named.path, named, backupDir: place === undefined ? null : resolve(place), json };
}

/** The same words, with a time that can be kept. */
function checked<T extends { readonly timeout?: number | undefined }>(argv: T): T {
  optionsOf({ failOn: 'fail', deep: false, timeout: argv.timeout });
  return argv;
}

/** Commands that change a home, and those that undo changes. */
export const repair: readonly Command[] = [
  defineCommand({
    name: 'plan',
    group: 'repair',
    summary: 'Show what --fix would do; changes nothing',
    options: {
      home,
      json,
      ...agreeing,
      ...unasked,
      ...looking,
      output: { alias: 'o', type: 'string', requiresArg: true, value: 'FILE', describe: 'Save the plan for `apply`' },
    },
    examples: [
      ['coven-doctor plan', 'the steps, their risks, and what stands in the way'],
      ['coven-doctor plan -o repair.json', 'the same, saved for review'],
    ],
    run: async (argv, signal) =>
      (await import('../plan.ts')).plan(repairOptions(checked(argv)), onePath('output', argv.output), signal),
  }),
  defineCommand({
    name: 'apply',
    group: 'repair',
    summary: 'Apply a saved plan, and nothing else',
    about:
      'The home is diagnosed again first, as it was for the plan: give --deep again if the plan was made with it. If anything that the ' +
      'plan rests on has changed, nothing is done (exit 5).',
    positionals: { plan: { value: 'FILE', describe: 'A file that `plan -o` wrote, at most 24 hours ago' } },
    options: { home, json, ...agreeing, ...unasked, ...looking, 'fail-on': diagnosis['fail-on'] },
    examples: [
      ['coven-doctor apply repair.json', 'the plan is what was agreed to: it does not ask again'],
      ['coven-doctor apply repair.json --yes --json', 'for a script'],
    ],
    run: async (argv, signal) =>
      (await import('../plan.ts')).applySaved(repairOptions(checked(argv)), argv.plan, signal),
  }),
  defineCommand({
    name: 'undo',
    group: 'repair',
    summary: 'Undo what a run changed',
    about:
      'Stop the daemon first if the run started it. What Coven wrote after the run is never thrown away: then undo refuses.',
    positionals: { run: { value: 'RUN', describe: 'The id of a run [default: the newest one]', optional: true } },
    options: { home, json, ...unasked },
    examples: [
      ['coven-doctor undo', 'undo the newest run'],
      ['coven-doctor runs', 'find the id of an older one'],
    ],
    run: async (argv, signal) => {
      if (argv.run !== undefined && !/^[\w-]{1,64}$/.test(argv.run))
        throw new UsageError('a run is named by its id; `coven-doctor runs` lists them');
      return (await import('../undo.ts')).undo(namedHome(argv.home), argv.run, argv.json, signal);
    },
  }),
  defineCommand({
    name: 'runs',
    group: 'repair',
    summary: 'List the runs that changed this home, newest first',
    options: { home, json },
    examples: [
      ['coven-doctor runs', 'what was done to this home, and when'],
      ['coven-doctor runs --json', 'the same for a script'],
    ],
    run: async (argv, signal) => (await import('../undo.ts')).runs(namedHome(argv.home), argv.json, signal),
  }),
  defineCommand({
    name: 'backup create',
    group: 'repair',
    summary: 'Copy the home and prove the copy',
    about: 'Changes nothing in the home but its folder doctor/. Works beside a running daemon.',
    options: backups,
    examples: [
      ['coven-doctor backup create', 'a copy in doctor/runs of the home'],
      ['coven-doctor backup create --backup-dir /var/backups/coven', 'on another disk'],
    ],
    run: async (argv, signal) => (await import('../backup.ts')).create(backupOptions(argv), signal),
  }),
  defineCommand({
    name: 'backup list',
    group: 'repair',
    summary: 'List the backups: what each holds, and which may go',
    options: backups,
    examples: [
      ['coven-doctor backup list', 'the backups of your Coven home'],
      ['coven-doctor backup list --json', 'the same for a script'],
    ],
    run: async (argv) => (await import('../backup.ts')).list(backupOptions(argv)),
  }),
  defineCommand({
    name: 'backup verify',
    group: 'repair',
    summary: 'Prove a backup again, byte by byte and row by row',
    positionals: { id: { value: 'BACKUP', describe: 'The id of a backup [default: all of them]', optional: true } },
    options: backups,
    examples: [
      ['coven-doctor backup verify', 'every backup of your Coven home'],
      ['coven-doctor backup verify --json', 'the same for a script'],
    ],
    run: async (argv, signal) => (await import('../backup.ts')).verify(backupOptions(argv), argv.id, signal),
  }),
  defineCommand({
    name: 'backup restore',
    group: 'repair',
    summary: 'Put a backup in the place of the home',
    about: 'Shows first what is newer than the backup. Nothing is deleted: what is replaced stays in quarantine.',
    positionals: { id: { value: 'BACKUP', describe: 'The id of a backup, as `backup list` shows it' } },
    options: {
      ...backups,
      allow: {
        choices: ['lossy'] as const,
        value: 'lossy',
        describe: 'Allow that what is newer than the backup leaves its place',
      },
      'dry-run': {
        type: 'boolean',
        default: false,
        describe: 'Show what is newer and what would be replaced; change nothing',
      },
      yes: { type: 'boolean', default: false, describe: 'Restore without asking' },
    },
    examples: [
      ['coven-doctor backup list', 'find the id of the backup'],
      ['coven-doctor backup restore 2026-07-01T03-00-00Z-1a2b3c', 'put it back; asks first'],
    ],
    run: async (argv, signal) => {
      const consent = { lossy: argv.allow === 'lossy', yes: argv.yes, dryRun: argv.dryRun };
      return (await import('../backup.ts')).restore(backupOptions(argv), argv.id, consent, signal);
    },
  }),
];
