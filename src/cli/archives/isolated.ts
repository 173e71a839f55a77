import { startChild } from '../../child/child.ts';
import { shortLived } from '../../child/short-lived.ts';
import { bytes } from '../../model/amounts.ts';
import { print } from '../../terminal/print.ts';
import { UsageError } from '../../terminal/usage.ts';
import type { AnalyzeOptions } from '../analyze.ts';
import type { SessionsOptions, ShowOptions } from '../sessions.ts';

/** A command that reads archives, which can come from an attacker. */
export type ArchiveCommand =
  | { readonly do: 'analyze'; readonly file: string; readonly options: AnalyzeOptions }
  | { readonly do: 'diff'; readonly before: string; readonly after: string; readonly json: boolean }
  | { readonly do: 'verify'; readonly file: string; readonly json: boolean }
  | { readonly do: 'sessions'; readonly file: string; readonly options: SessionsOptions }
  | { readonly do: 'show'; readonly file: string; readonly id: string; readonly options: ShowOptions };

/** The request to the process, as the only line of its standard input. */
export interface IsolatedRequest {
  readonly command: ArchiveCommand;
  readonly cwd: string;
  /** The width of our standard output, which the process does not have. */
  readonly isTerminal: boolean;
}

/** Its messages, one per line: text for either stream, and how it ended. */
export type IsolatedMessage =
  | { readonly out: string }
  | { readonly err: string }
  | { readonly code: number }
  | { readonly usage: string };

/** Milliseconds. One of our own archives is read in a second or two; a busy machine needs longer. */
export const archiveSeconds = 120;

/** Unpacking 60 MiB of the smallest JSON values takes 130 MB. */
const memoryBytes = 320 * 1024 ** 2;
const heapMegabytes = 224;

/**
 * Runs a command in a process of its own, which ends in time, within its memory and at any signal, whatever the archive
 * contains. Returns the exit code. Output is printed after the process ended, so that it is never partial. Throws a
 * UsageError that names the archive and the limit if the process did not finish.
 */
export async function runIsolated(command: ArchiveCommand, signal: AbortSignal): Promise<number> {
  const child = startChild('command', {
    nodeOptions: shortLived(heapMegabytes),
    answersOn: 3,
    env: Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => !!entry[1])),
    memoryBytes,
  });
  const said: (() => unknown)[] = [];
  try {
    child.tell({ command, cwd: process.cwd(), isTerminal: process.stdout.isTTY === true } satisfies IsolatedRequest);
    const end = performance.now() + archiveSeconds * 1000;
    for (;;) {
      const line = await child.line(end - performance.now(), signal);
      signal.throwIfAborted();
      if (typeof line === 'string') throw new UsageError(`${nameOf(command)}: ${why(line, child.describe())}`);
      const message = JSON.parse(line.text) as IsolatedMessage;
      if ('out' in message) said.push(() => print(message.out));
      else if ('err' in message) said.push(() => process.stderr.write(message.err));
      else {
        for (const write of said) await write();
        if ('usage' in message) throw new UsageError(message.usage);
        return message.code;
      }
    }
  } finally {
    await child.kill();
  }
}

const nameOf = (command: ArchiveCommand): string =>
  command.do === 'diff' ? `${command.before} and ${command.after}` : command.file;

function why(how: 'late' | 'ended' | 'too-long', end: string): string {
  if (how === 'late') return `reading it took longer than the ${archiveSeconds} seconds that it may take`;
  if (how === 'too-long') return 'what it makes the report say is longer than any report';
  return `the process that reads it ${end}; it may use ${bytes(memoryBytes)} of memory`;
}
