import { UsageError } from '../../terminal/usage.ts';
import { diagnosis, display, displayOf, json, onePath, optionsOf } from '../options/shared.ts';
import { type Command, defineCommand } from './command.ts';
import { isolated } from './isolated.ts';

const { checks, only, skip, 'fail-on': failOn } = diagnosis;

/** Commands that make bundles, and those that support uses on them. */
export const evidence: readonly Command[] = [
  defineCommand({
    name: 'bundle',
    group: 'evidence',
    summary: 'Write a support bundle: the evidence, redacted',
    about:
      'Open report.html in the bundle to see what you send. Text that no known program writes appears as its shape alone.',
    options: {
      o: {
        alias: 'output',
        type: 'string',
        requiresArg: true,
        value: 'FILE',
        describe: 'Where to write it; .tgz makes a tarball',
      },
      force: { type: 'boolean', default: false, describe: 'Replace an older file at that place' },
      estimate: { type: 'boolean', default: false, describe: 'List what would go in, with sizes; write nothing' },
      'include-events': {
        type: 'string',
        requiresArg: true,
        value: 'SESSION',
        describe: 'Add what this session said and was told, redacted',
      },
      'include-log-text': {
        type: 'boolean',
        default: false,
        describe: 'Add log lines that no known program writes; a search for secrets finds only known kinds',
      },
      'include-titles': {
        type: 'boolean',
        default: false,
        describe: 'Add the titles of sessions, which are often whole prompts',
      },
      json,
      ...diagnosis,
    },
    examples: [
      ['coven-doctor bundle', 'a zip file in the current folder'],
      ['coven-doctor bundle --estimate', 'what would be in it'],
    ],
    run: async (argv, signal) => {
      const { bundle } = await import('../bundle.ts');
      const made = {
        output: onePath('output', argv.o) ?? null,
        force: argv.force,
        estimate: argv.estimate,
        events: onePath('include-events', argv.includeEvents) ?? null,
        titles: argv.includeTitles,
        logText: argv.includeLogText,
        json: argv.json,
      };
      if (made.estimate && made.output !== null) throw new UsageError('--estimate writes nothing; leave out -o');
      return bundle({ ...optionsOf(argv), ...made }, signal);
    },
  }),
  defineCommand({
    name: 'bundle verify',
    group: 'evidence',
    summary: 'Check that a bundle is intact',
    positionals: { file: { value: 'FILE', describe: 'A bundle, zip or tgz' } },
    options: { json },
    examples: [
      ['coven-doctor bundle verify coven.zip', 'every member against the manifest'],
      ['coven-doctor bundle verify coven.zip --json', 'the same for a script'],
    ],
    run: (argv, signal) => isolated({ do: 'verify', file: argv.file, json: argv.json }, signal),
  }),
  defineCommand({
    name: 'analyze',
    group: 'evidence',
    summary: 'Diagnose from a bundle, on any machine',
    about: 'Gives the findings of the machine that the bundle is from.',
    positionals: { bundle: { value: 'FILE', describe: 'A bundle, zip or tgz' } },
    options: { checks, only, skip, 'fail-on': failOn, ...display },
    examples: [
      ['coven-doctor analyze coven.zip', 'the diagnosis'],
      ['coven-doctor analyze coven.zip --format markdown', 'for a ticket'],
    ],
    run: (argv, signal) => {
      const options = { ...optionsOf({ ...argv, deep: false }), ...displayOf(argv) };
      return isolated({ do: 'analyze', file: argv.bundle, options }, signal);
    },
  }),
  defineCommand({
    name: 'diff',
    group: 'evidence',
    summary: 'Compare two bundles: findings and observations',
    about: 'Exits with 1 where the findings differ.',
    positionals: {
      before: { value: 'FILE', describe: 'The older bundle' },
      after: { value: 'FILE', describe: 'The newer bundle' },
    },
    options: { json },
    examples: [
      ['coven-doctor diff monday.zip tuesday.zip', 'what has changed'],
      ['coven-doctor diff monday.zip tuesday.zip --json', 'the same for a script'],
    ],
    run: (argv, signal) => isolated({ do: 'diff', before: argv.before, after: argv.after, json: argv.json }, signal),
  }),
];
