/**
 * Runs one command that reads archives, in a process that its parent can end at any moment. It has no stdout or stderr of
 * its own: its output goes to the parent, line by line.
 */

import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { endWithParent } from '../../child/end-with-parent.ts';
import { bug } from '../../terminal/end-loudly.ts';
import { UsageError } from '../../terminal/usage.ts';
import type { ArchiveCommand, IsolatedMessage, IsolatedRequest } from './isolated.ts';

endWithParent();

const answers = createWriteStream('', { fd: 3 });
const say = (message: IsolatedMessage): boolean => answers.write(`${JSON.stringify(message)}\n`);

/** Never fires: only the parent ends this process. */
const signal = new AbortController().signal;

process.on('uncaughtException', report);
createInterface({ input: process.stdin }).once('line', async (line) => {
  const { command, cwd, isTerminal } = JSON.parse(line) as IsolatedRequest;
  process.chdir(cwd);
  process.stdout.isTTY = isTerminal;
  redirect(process.stdout, (out) => say({ out }));
  redirect(process.stderr, (err) => say({ err }));
  try {
    say({ code: await run(command) });
  } catch (error) {
    await report(error);
  }
});

async function run(command: ArchiveCommand): Promise<number> {
  switch (command.do) {
    case 'analyze':
      return (await import('../analyze.ts')).analyze(command.file, command.options, signal);
    case 'diff':
      return (await import('../diff.ts')).diff(command.before, command.after, command.json, signal);
    case 'sessions':
      return (await import('../sessions.ts')).listSessions(command.options, signal);
    case 'show':
      return (await import('../sessions.ts')).showSession(command.id, command.options, signal);
    case 'verify':
      return (await import('../bundle-verify.ts')).bundleVerify(command.file, command.json);
  }
}

async function report(error: unknown): Promise<void> {
  if (error instanceof UsageError) return void say({ usage: error.message });
  // The parent reports how it ended, and the limit.
  if (isOutOfMemory(error)) process.kill(process.pid, 'SIGKILL');
  const { bugReport } = await import('../../terminal/bug-report.ts');
  say({ err: await bugReport(error, process.env) });
  say({ code: bug });
}

/** V8 aborts if objects do not fit in memory, but throws if a buffer does not. */
const isOutOfMemory = (error: unknown): boolean =>
  error instanceof RangeError && /allocation failed|invalid (?:string|array) length/i.test(error.message);

function redirect(stream: NodeJS.WriteStream, to: (text: string) => boolean): void {
  stream.write = (text: string | Uint8Array, ...rest: unknown[]): boolean => {
    const written = to(typeof text === 'string' ? text : Buffer.from(text).toString());
    const done = rest.find((value) => typeof value === 'function') as (() => void) | undefined;
    if (done) setImmediate(done);
    return written;
  };
}
