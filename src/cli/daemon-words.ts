import { join } from 'node:path';
import type { Argv } from 'yargs';
import type { ControlOptions } from '../control/control.ts';
import type { Outcome } from '../control/outcome.ts';
import { names } from '../coven/layout.ts';
import { harmless } from '../model/harmless.ts';
import { homeOf } from './home.ts';
import { UsageError } from './usage.ts';

const common = {
  home: { type: 'string', requiresArg: true, describe: 'The Coven home  [$COVEN_HOME, else ~/.coven]' },
} as const;
const reporting = {
  ...common,
  json: { type: 'boolean', default: false, describe: 'One JSON document on stdout' },
} as const;
const controlling = {
  ...reporting,
  'daemon-command': {
    type: 'string',
    requiresArg: true,
    describe: 'The coven to control it with, or `minimal`  [the running one, else that on PATH, else minimal]',
  },
} as const;

/** `coven daemon WORDS`, added to a parser; `onCode` is told the exit code. */
export function daemonWords(parser: Argv, signal: AbortSignal, onCode: (code: number) => void): Argv {
  const control = (word: Outcome['action'], describe: string): void =>
    void parser.command(word, describe, controlling, async (argv) => {
      const { start, stop, restart } = await import('../control/control.ts');
      const home = homeOf(argv.home).path;
      const options: ControlOptions = { home, command: argv.daemonCommand, signal };
      try {
        const outcome = await { start, stop, restart }[word](options);
        onCode(tell(outcome, home, argv.json));
        if (!outcome.ok) signal.throwIfAborted();
      } catch (error) {
        throw error instanceof RangeError ? new UsageError(error.message) : error;
      }
    });
  parser.command(
    'serve',
    'Serve the home in the foreground, until SIGTERM or SIGINT',
    { ...common, 'managed-started-at': { type: 'string', requiresArg: true, hidden: true } },
    async (argv) => {
      const { serve } = await import('../daemon/serve.ts');
      const { managedStartedAt } = argv;
      try {
        await serve({
          home: homeOf(argv.home).path,
          signal,
          ...(managedStartedAt !== undefined && { managedStartedAt }),
        });
        onCode(0);
      } catch (error) {
        process.stderr.write(`Error: ${harmless(error instanceof Error ? error.message : String(error))}\n`);
        onCode(1);
      }
    },
  );
  control('start', 'Start the daemon of the home, and wait until it answers');
  parser.command('status', 'Tell whether a daemon serves the home', reporting, async (argv) => {
    onCode(await status(homeOf(argv.home).path, argv.json, signal));
  });
  control('restart', 'Stop the daemon and start it');
  control('stop', 'Stop the daemon cleanly, which ends its sessions');
  return parser.demandCommand(1, 'name a command of `coven daemon`; --help shows them');
}

const print = (value: object): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

/** Tells an outcome in Coven's words, or as JSON with Coven's keys and more; the exit code. */
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

/** As Coven's `daemon status`, and read-only; verdicts that Coven has no word for exit 1. */
async function status(home: string, json: boolean, signal: AbortSignal): Promise<number> {
  const { probe } = await import('../control/probe.ts');
  const { verdict, pid, recordedPid, startedAt, reason } = await probe(home, signal);
  signal.throwIfAborted();
  const known = verdict === 'stopped' ? null : (pid ?? recordedPid);
  const socket = known === null ? null : join(home, names.socket);
  const started = known === null ? null : startedAt;
  if (json) print({ ok: verdict === 'running', pid: known, socket, started_at: started, status: verdict });
  else if (verdict === 'stopped') process.stdout.write('Coven daemon: not running\n');
  else
    process.stdout.write(
      `Coven daemon: ${verdict} (pid ${known ?? 'unknown'}, socket ${harmless(socket ?? 'unknown')})\n`,
    );
  if (reason) process.stderr.write(`Error: ${harmless(reason)}\n`);
  return ['running', 'stopped', 'stale'].includes(verdict) ? 0 : 1;
}
