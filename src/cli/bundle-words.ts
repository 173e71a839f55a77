import { once } from './once.ts';
import { diagnosis, display, displayOf, optionsOf } from './options.ts';
import { parserFor } from './parser.ts';
import { UsageError } from './usage.ts';

const making = {
  o: { alias: 'output', type: 'string', requiresArg: true, describe: 'Where to write it; .tgz makes a tarball' },
  estimate: { type: 'boolean', default: false, describe: 'List what would go in, with sizes; write nothing' },
  'include-events': {
    type: 'string',
    requiresArg: true,
    describe: 'Also what this session said and was told; redacted, like everything',
  },
  'include-log-text': {
    type: 'boolean',
    default: false,
    describe:
      'Lines of logs and errors that no known program writes; searched for secrets, which finds only known kinds',
  },
  'include-titles': { type: 'boolean', default: false, describe: 'Titles of sessions, which are often whole prompts' },
  json: { type: 'boolean', default: false, describe: 'One JSON document on stdout' },
} as const;

const json = { type: 'boolean', default: false, describe: 'One JSON document on stdout' } as const;
const { checks, only, skip, 'fail-on': failOn } = diagnosis;

/** `coven-doctor bundle`, `analyze` and `diff`; tells the exit code. */
export async function runBundle(words: readonly string[], signal: AbortSignal): Promise<number> {
  let code = 0;
  await parserFor(words, 'coven-doctor')
    .command(
      'bundle',
      'Pack what support needs: everything the checks saw, redacted, and proven to hold no secret',
      (args) =>
        args
          .options(making)
          .options(diagnosis)
          .command(
            'verify <file>',
            'Whether a bundle is whole and is what it says of itself',
            (inner) => inner.positional('file', { type: 'string', demandOption: true }).option('json', json),
            async (argv) => {
              code = await (await import('./bundle-verify.ts')).bundleVerify(argv.file, argv.json);
            },
          ),
      async (argv) => {
        const { bundle } = await import('./bundle.ts');
        const made = {
          output: once('output', argv.o) ?? null,
          estimate: argv.estimate,
          events: once('include-events', argv.includeEvents) ?? null,
          titles: argv.includeTitles,
          logText: argv.includeLogText,
          json: argv.json,
        };
        if (made.estimate && made.output !== null) throw new UsageError('--estimate writes nothing; leave out -o');
        code = await bundle({ ...optionsOf(argv), ...made }, signal);
      },
    )
    .command(
      'analyze <bundle>',
      'Run the checks on what a bundle recorded: the findings of the live run, on any machine',
      (args) =>
        args
          .positional('bundle', { type: 'string', demandOption: true })
          .options({ checks, only, skip, 'fail-on': failOn })
          .options(display),
      async (argv) => {
        const { analyze } = await import('./analyze.ts');
        const options = { ...optionsOf({ ...argv, deep: false }), ...displayOf(argv) };
        code = await analyze(argv.bundle, options, signal);
      },
    )
    .command(
      'diff <before> <after>',
      'What changed between two bundles: findings, and what was observed',
      (args) =>
        args
          .positional('before', { type: 'string', demandOption: true })
          .positional('after', { type: 'string', demandOption: true })
          .option('json', json),
      async (argv) => {
        code = await (await import('./diff.ts')).diff(argv.before, argv.after, argv.json, signal);
      },
    )
    .epilog(
      'Exit codes: 0 done; 2 usage, or a file that is no bundle; 6 the bundle is withheld; 70 a bug of ours. analyze has those of a diagnosis (1, 3); diff ends with 1 where the findings differ.',
    )
    .parseAsync();
  return code;
}
