import { print } from '../../terminal/print.ts';
import { UsageError } from '../../terminal/usage.ts';
import { type Command, defineCommand, shells } from './command.ts';

/** Commands for training and setup. None touches a Coven home. */
export const learn: readonly Command[] = [
  defineCommand({
    name: 'demo',
    group: 'learn',
    summary: 'Kill, diagnose, repair and undo in a scratch folder',
    about: 'Takes a minute. Your Coven home is not touched.',
    examples: [
      ['coven-doctor demo', 'see what a repair looks like'],
      ['coven-doctor simulate', 'then make a fault yourself'],
    ],
    run: async (_argv, signal) => (await import('../demo.ts')).demo(signal),
  }),
  defineCommand({
    name: 'simulate',
    group: 'learn',
    summary: 'Make a scratch home with a fault, for training',
    about: 'Without a fault, lists them all. Faults that need a running process last until you press Ctrl-C.',
    positionals: { fault: { value: 'FAULT', describe: 'The name of a fault', optional: true } },
    options: {
      home: {
        type: 'string',
        requiresArg: true,
        value: 'DIR',
        describe: 'Where to make it: an empty path, or a home that simulate made there',
      },
    },
    examples: [
      ['coven-doctor simulate', 'list the faults'],
      ['coven-doctor simulate socket-stale --home /tmp/broken-coven', 'make one'],
    ],
    run: async ({ fault, home }, signal) => {
      const { listFaults, simulate } = await import('../simulate.ts');
      return fault === undefined ? listFaults() : simulate(fault, home, signal);
    },
  }),
  defineCommand({
    name: 'check-kit',
    group: 'learn',
    summary: 'Test the checks of a module on hostile homes',
    positionals: { module: { value: 'MODULE', describe: 'A path or a package. Its code is run' } },
    examples: [
      ['coven-doctor check-kit ./my-checks.js', 'may these checks be relied on?'],
      ['coven-doctor list --checks ./my-checks.js', 'what the module adds'],
    ],
    run: async (argv, signal) => (await import('../check-kit.ts')).checkKit(argv.module, signal),
  }),
  defineCommand({
    name: 'shim',
    group: 'learn',
    summary: 'Let `coven doctor` run coven-doctor',
    about:
      'Writes a launcher named coven, which hands every other word to the Coven that follows on PATH. A file that it did not write ' +
      'is never replaced: it is left as it is, and the exit code is 5.',
    options: {
      dir: { type: 'string', requiresArg: true, value: 'DIR', describe: 'Where to write it [default: ~/.local/bin]' },
      remove: { type: 'boolean', default: false, describe: 'Remove it' },
    },
    examples: [
      ['coven-doctor shim', 'then: coven doctor'],
      ['coven-doctor shim --remove', 'as it was before'],
    ],
    run: async ({ dir, remove }) => (await import('../shim.ts')).shim(dir, remove),
  }),
  defineCommand({
    name: 'completion',
    group: 'learn',
    summary: 'Print the completions of a shell',
    positionals: { shell: { value: shells.join('|'), describe: 'The shell that they are for' } },
    examples: [
      ['source <(coven-doctor completion bash)', 'for this shell; in ~/.bashrc, for every one'],
      ['coven-doctor completion fish > ~/.config/fish/completions/coven-doctor.fish', 'for fish'],
    ],
    run: async ({ shell }, _signal, { completionOf }) => {
      const known = shells.find((known) => known === shell);
      if (!known) throw new UsageError(`completion takes one of ${shells.join(', ')}`);
      await print(await completionOf(known));
      return 0;
    },
  }),
  defineCommand({
    name: 'man',
    group: 'learn',
    summary: 'Print the manual page, as man reads it',
    examples: [
      ['coven-doctor man > coven-doctor.1', 'then: man ./coven-doctor.1'],
      ['coven-doctor help', 'the same in short'],
    ],
    run: async (_argv, _signal, { manual }) => {
      await print(await manual());
      return 0;
    },
  }),
];
