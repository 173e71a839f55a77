import { UsageError } from '../../terminal/usage.ts';
import { home, json, onePath } from '../options/shared.ts';
import { defineCommand } from './command.ts';
import { isolated } from './isolated.ts';

const options = {
  home,
  bundle: { type: 'string', requiresArg: true, value: 'FILE', describe: 'Read this bundle instead of a home' },
  json,
} as const;

function placeOf(argv: { readonly home?: unknown; readonly bundle?: unknown }) {
  const place = { home: onePath('home', argv.home), bundle: onePath('bundle', argv.bundle) };
  if (place.home !== undefined && place.bundle !== undefined)
    throw new UsageError('--home and --bundle exclude each other');
  return place;
}

/** Commands about sessions. */
export const sessions = [
  defineCommand({
    name: 'sessions',
    group: 'diagnose',
    summary: 'List live, orphaned, stranded and ended sessions',
    about: 'The status comes from the process, not from what the ledger says. Changes nothing.',
    options,
    examples: [
      ['coven-doctor sessions', 'which sessions are running, and which were cut off'],
      ['coven-doctor sessions --bundle coven.zip', 'the same from a support bundle'],
    ],
    readsLedger: true,
    run: async (argv, signal) => {
      const asked = { ...placeOf(argv), json: argv.json };
      if (asked.bundle !== undefined) return isolated({ do: 'sessions', file: asked.bundle, options: asked }, signal);
      return (await import('../sessions.ts')).listSessions(asked, signal);
    },
  }),
  defineCommand({
    name: 'sessions show',
    group: 'diagnose',
    summary: 'Replay what a session said and was told',
    about:
      'Works with the daemon up or down, and reads a damaged ledger as far as it can be read. Secrets are redacted and escape sequences ' +
      'removed, unless --raw is given. Changes nothing.',
    positionals: { id: { value: 'ID', describe: 'The session, or how its id begins' } },
    options: {
      ...options,
      'from-seq': { type: 'number', default: 1, requiresArg: true, value: 'N', describe: 'Begin at this event' },
      limit: { type: 'number', default: 500, requiresArg: true, value: 'N', describe: 'Show at most so many events' },
      raw: { type: 'boolean', default: false, describe: 'Print the output as it was recorded, secrets included' },
    },
    examples: [
      ['coven-doctor sessions show 4f1c2d3e', 'what a session said; its id may be shortened'],
      ['coven-doctor sessions show 4f1c2d3e --from-seq 1200 --limit 100', 'one page of it'],
    ],
    readsLedger: true,
    run: async (argv, signal) => {
      const { fromSeq, limit, raw, json } = argv;
      for (const [name, value, most] of [
        ['--from-seq', fromSeq, Number.MAX_SAFE_INTEGER],
        ['--limit', limit, 100_000],
      ] as const)
        if (!Number.isInteger(value) || value < 1 || value > most)
          throw new UsageError(`${name} takes one whole number from 1 to ${most}`);
      if (raw && json) throw new UsageError('--raw and --json exclude each other');
      const asked = { ...placeOf(argv), fromSeq, limit, raw, json };
      if (asked.bundle !== undefined)
        return isolated({ do: 'show', file: asked.bundle, id: argv.id, options: asked }, signal);
      return (await import('../sessions.ts')).showSession(argv.id, asked, signal);
    },
  }),
];
