import { join } from 'node:path';
import { names } from '../../coven/layout.ts';
import type { Outcome } from '../../lifecycle/outcome.ts';
import { harmless } from '../../model/harmless.ts';
import { quoted } from '../../model/shell.ts';
import { UsageError } from '../../terminal/usage.ts';
import { homeOf } from '../options/home.ts';
import { home, json } from '../options/shared.ts';
import { type Command, defineCommand } from './command.ts';

const controlling = {
  home,
  json,
  'daemon-command': {
    type: 'string',
    requiresArg: true,
    value: 'PROGRAM',
    describe: 'The coven to use, or `minimal` [default: the running one, else that on PATH, else minimal]',
  },
} as const;

const ending = {
  ...controlling,
  'discard-unsaved': {
    type: 'boolean',
    describe: 'Go on even if its ledger was deleted or replaced, which loses the rows that only the daemon has',
  },
} as const;

function control(word: Outcome['action'], summary: string, purpose: string): Command {
  return defineCommand({
    name: `daemon ${word}`,
    group: 'daemon',
    summary,
    options: word === 'start' ? controlling : ending,
    examples: [
      [`coven-doctor daemon ${word}`, purpose],
      [`coven-doctor daemon ${word} --json`, 'the same for a script'],
    ],
    run: async (argv, signal) => {
      const { start, stop, restart } = await import('../../lifecycle/control.ts');
      const path = homeOf(argv.home).path;
      try {
        const outcome = await { start, stop, restart }[word]({
          home: path,
          command: argv.daemonCommand,
          signal,
          discardUnsaved: 'discardUnsaved' in argv && argv.discardUnsaved === true,
        });
        const code = tell(outcome, path, argv.json);
        if (!outcome.ok) signal.throwIfAborted();
        return code;
      } catch (error) {
        throw error instanceof RangeError ? new UsageError(error.message) : error;
      }
    },
  });
}

/** Commands that start and stop the daemon of a home, and the minimal daemon itself. */
export const daemon: readonly Command[] = [
  control('start', 'Start the daemon and wait until it answers', 'start the daemon of your Coven home'),
  defineCommand({
    name: 'daemon status',
    group: 'daemon',
    summary: 'Tell whether a daemon serves the home; changes nothing',
    options: { home, json },
    examples: [
      ['coven-doctor daemon status', 'is it running?'],
      ['coven-doctor daemon status --json', 'the same for a script'],
    ],
    run: async (argv, signal) => status(homeOf(argv.home).path, argv.json, signal),
  }),
  control('restart', 'Stop the daemon and start it again', 'ends the running sessions'),
  control('stop', 'Stop the daemon cleanly', 'ends the running sessions'),
  defineCommand({
    name: 'daemon serve',
    group: 'daemon',
    summary: 'Serve the home with the minimal daemon, in the foreground',
    about: 'Runs until SIGTERM or SIGINT.',
    options: {
      home,
      'managed-started-at': { type: 'string', requiresArg: true, hidden: true, describe: 'Set by `start`' },
    },
    examples: [
      ['coven-doctor daemon serve --home /tmp/scratch-coven', 'a daemon to try things on'],
      ['coven-doctor daemon serve', 'for your Coven home, where no Coven is installed'],
    ],
    run: async ({ home, managedStartedAt }, signal) => {
      const { serve } = await import('../../daemon/serve.ts');
      try {
        await serve({
          home: homeOf(home).path,
          signal,
          ...(managedStartedAt !== undefined && { managedStartedAt }),
        });
        return 0;
      } catch (error) {
        process.stderr.write(`Error: ${harmless(error instanceof Error ? error.message : String(error))}\n`);
        return 1;
      }
    },
  }),
];

const print = (value: object): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

/** Prints an outcome in Coven's words, or as JSON with Coven's keys and more. Returns the exit code. */
function tell({ ok, action, changed, pid, startedAt, coven, failure }: Outcome, home: string, json: boolean): number {
  const socket = pid === null ? null : join(home, names.socket);
  const program = coven && (coven.kind === 'minimal' ? 'minimal' : coven.command[0]);
  const status = failure ? 'failed' : action === 'stop' ? 'stopped' : 'running';
  if (json) print({ ok, action, changed, status, pid, socket, started_at: startedAt, program, failure });
  else if (failure) process.stderr.write(`Error: ${harmless(`${failure.step}: ${failure.reason}`)}\n`);
  else if (action === 'stop') process.stdout.write(`Coven daemon: ${changed ? 'stopped' : 'was not running'}\n`);
  else {
    const done = action === 'restart' ? 'restarted' : 'running';
    process.stdout.write(`Coven daemon: ${done} (pid ${pid}, socket ${harmless(socket ?? '')})\n`);
  }
  return ok ? 0 : 1;
}

/** Like Coven's `daemon status`, and read-only. Verdicts that Coven does not have exit with 1. */
async function status(home: string, json: boolean, signal: AbortSignal): Promise<number> {
  const { probe } = await import('../../lifecycle/probe.ts');
  const { verdict, pid, recordedPid, startedAt, reason } = await probe(home, signal);
  signal.throwIfAborted();
  const known = verdict === 'stopped' ? null : (pid ?? recordedPid);
  const socket = known === null ? null : join(home, names.socket);
  // A record may hold anything, and a daemon may answer with it.
  const { moment } = await import('../../bundle/gate-texts.ts');
  const started = known === null ? null : moment(startedAt ?? '', () => '') || null;
  if (json) print({ ok: verdict === 'running', pid: known, socket, started_at: started, status: verdict });
  else if (verdict === 'stopped') process.stdout.write('Coven daemon: not running\n');
  else
    process.stdout.write(
      `Coven daemon: ${verdict} (pid ${known ?? 'unknown'}, socket ${harmless(socket ?? 'unknown')})\n`,
    );
  if (!json && verdict !== 'stopped' && verdict !== 'running')
    process.stdout.write(
      `${verdict === 'stale' ? 'The daemon is gone and left files behind. ' : ''}This shows what is wrong and what to do:\n  coven-doctor --home ${harmless(quoted(home))}\n`,
    );
  if (reason) process.stderr.write(`Error: ${harmless(reason)}\n`);
  return ['running', 'stopped', 'stale'].includes(verdict) ? 0 : 1;
}
