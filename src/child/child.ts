import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { deadline, within } from '../deadline.ts';
import { packageRoot } from '../package.ts';
import { effortOf } from './effort.ts';
import { type LineReader, readLines } from './lines.ts';
import { tie, tied, untied } from './tie.ts';

/** Programs of this package that run as children, one file of `dist` each. */
export type ChildProgram = 'ledger' | 'plugin' | 'system' | 'command' | 'text' | 'pack';

export interface ChildOptions {
  /** Options for Node itself, before the program. */
  readonly nodeOptions?: readonly string[];
  /** What it is to do, where that is not the same for each. */
  readonly words?: readonly string[];
  /** The descriptor that the child answers on: 1, or another one where 1 belongs to code of others. */
  readonly answersOn?: 1 | 3;
  /** Its environment; without it, an empty one. */
  readonly env?: Readonly<Record<string, string>>;
  /** A process group of its own, which is ended as one. */
  readonly group?: boolean;
  /** Bytes of memory that it may have; what asks for more fails, in SQLite with SQLITE_NOMEM. */
  readonly memoryBytes: number;
  /** Longest line that is taken, in UTF-16 units. */
  readonly lineLimit?: number;
}

/** How a line did not come: the time was over, the child had ended or never began, or it wrote a line over the limit. */
export type NoLine = 'late' | 'ended' | 'too-long';

/**
 * A child process whose end is always seen: every listener is attached as it is spawned, and nothing here rejects or
 * waits for an event that may be over. It ends by itself when this process is gone, however this one ended.
 */
export interface Child {
  /** Writes one JSON line to its input. What a child that has ended does not take is dropped. */
  readonly tell: (request: object | string) => void;
  /** The next line that it answers, within a time by the clock or by its own effort. Never rejects. */
  readonly line: (
    milliseconds: number,
    signal: AbortSignal,
    by?: 'clock' | 'effort',
  ) => Promise<{ readonly text: string } | NoLine>;
  readonly hasEnded: () => boolean;
  /**
   * Counts the bytes that it reads from now on, and a page for each call that reads less of one. Null where this system
   * does not count them.
   */
  readonly countRead: (pageSize: number) => (() => number) | null;
  /** What it has done until now: time of its processors, and calls that read or wrote. Null where this system does not tell. */
  readonly spent: () => { readonly cpuMs: number; readonly calls: number } | null;
  /** How it ended, as a clause: `ended (SIGKILL)`, `could not be started (EAGAIN)`. */
  readonly describe: () => string;
  /** Ends it at once; resolves when it is gone, or after a second, since a process that waits for a disk can stay. */
  readonly kill: () => Promise<void>;
  /** Closes its input, by which our programs end, and kills it where it has not ended after a second. */
  readonly finish: () => Promise<void>;
}

/** How long a killed child may take to go. Only one that waits for a disk or a network takes longer. */
const goneMs = 1000;
const defaultLineLimit = 64 * 1024 ** 2;

/** Starts a program of ours. It is given nothing of our environment. Never throws: a child that cannot be started has ended. */
export function startChild(program: ChildProgram, options: ChildOptions): Child {
  const {
    nodeOptions = [],
    words = [],
    answersOn = 1,
    env = {},
    group = false,
    memoryBytes,
    lineLimit = defaultLineLimit,
  } = options;
  let child: ChildProcess | null = null;
  let how: string | null = null;
  let settle = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const over = (text: string): void => {
    how ??= text;
    settle();
  };
  try {
    // What a child started itself is ended by the child, which ends its group.
    const ties = group ? null : tie();
    const path = join(packageRoot, 'dist', fileOf(program));
    const command = [
      ...(ties ?? []),
      ...[process.execPath, ...nodeOptions, path],
      ...[String(process.pid), ties ? tied : untied, ...words],
    ];
    const [file = '', ...args] = limited(command, memoryBytes);
    child = spawn(file, args, {
      stdio: answersOn === 1 ? ['pipe', 'pipe', 'ignore'] : ['pipe', 'ignore', 'ignore', 'pipe'],
      env,
      cwd: '/',
      detached: group,
    });
    // A kill that fails is an error event, too: only a child without a number never began.
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child?.pid === undefined) over(`could not be started (${error.code ?? error.message})`);
    });
    child.once('exit', (code, signal) => over(`ended (${signal ?? code})`));
  } catch (error) {
    over(`could not be started (${(error as NodeJS.ErrnoException).code ?? error})`);
  }
  // Where descriptors are used up, Node gives a child without streams.
  const input = child?.stdin ?? null;
  input?.on('error', () => undefined);
  const output = (child?.stdio?.[answersOn] ?? null) as Readable | null;
  const lines: LineReader | null = output && readLines(output, lineLimit);
  const kill = async (): Promise<void> => {
    // Until its exit is told here, the number is still its own.
    if (how === null && child) killNow(child, group);
    await within(ended, goneMs, never, () => undefined);
    // What does not go must not keep this process.
    child?.unref();
    input?.destroy();
    output?.destroy();
  };

  return {
    tell: (request) => {
      if (input?.writable) input.write(`${typeof request === 'string' ? request : JSON.stringify(request)}\n`);
    },
    line: async (milliseconds, signal, by = 'clock') => {
      if (!lines) return 'ended';
      const limitOf = by === 'clock' ? deadline : effortOf(child?.pid);
      const line = await within(lines.next(), milliseconds, signal, () => 'late' as const, limitOf);
      // Its output ends a moment before it does; how it ended is asked next.
      if (line === 'ended') await within(ended, goneMs, never, () => undefined);
      return line;
    },
    hasEnded: () => how !== null,
    countRead: (pageSize) => {
      const before = readBy(child?.pid);
      if (!before) return null;
      return () => {
        const now = readBy(child?.pid) ?? before;
        return Math.max(0, now.bytes - before.bytes, (now.calls - before.calls) * pageSize);
      };
    },
    spent: () => (how === null ? spentBy(child?.pid) : null),
    describe: () => how ?? 'is still running',
    kill,
    finish: async () => {
      input?.end();
      await within(ended, goneMs, never, () => undefined);
      await kill();
    },
  };
}

/** Every byte that a process has read, from disk or cache, and in how many calls. Source: proc_pid_io(5), `rchar`, `syscr`. */
function readBy(pid: number | undefined): { readonly bytes: number; readonly calls: number } | null {
  try {
    const io = readFileSync(`/proc/${pid}/io`, 'latin1');
    const [, bytes] = /^rchar: (\d+)$/m.exec(io) ?? [];
    const [, calls] = /^syscr: (\d+)$/m.exec(io) ?? [];
    return bytes === undefined || calls === undefined ? null : { bytes: Number(bytes), calls: Number(calls) };
  } catch {
    return null;
  }
}

/** A hundredth of a second on every Linux, whatever its timer is. Source: proc_pid_stat(5), sysconf(_SC_CLK_TCK). */
const tickMs = 10;

/** Source: proc_pid_stat(5), fields 14 and 15; proc_pid_io(5), `syscr` and `syscw`. */
function spentBy(pid: number | undefined): { readonly cpuMs: number; readonly calls: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before them, in brackets, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const io = readFileSync(`/proc/${pid}/io`, 'latin1');
    const calls = [...io.matchAll(/^sysc[rw]: (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs, calls };
  } catch {
    return null;
  }
}

/** Modules of others are imported by an ES module. */
const fileOf = (program: ChildProgram): string => (program === 'plugin' ? 'plugin.mjs' : `${program}.js`);

/** What V8 keeps for itself of the address space that the limit counts, measured: Node 24 and 26 have 560 MiB of it as they start. */
const reservedBytes = Number.parseInt(process.versions.v8, 10) >= 13 ? 600 * 1024 ** 2 : 0;

const shell = '/bin/sh';

/**
 * A command line under a limit of memory, by the shell that then becomes the program. SQLite's own limit has no effect:
 * better-sqlite3 is built without the statistics that it needs (DEFAULT_MEMSTATUS=0). Without a shell there is no limit.
 */
function limited(command: readonly string[], memoryBytes: number): readonly string[] {
  if (!existsSync(shell)) return command;
  const kib = Math.ceil((memoryBytes + reservedBytes) / 1024);
  return [shell, '-c', 'ulimit -d "$0" 2>/dev/null; unset PWD OLDPWD SHLVL; exec "$@"', String(kib), ...command];
}

const never = new AbortController().signal;

function killNow(child: ChildProcess, group: boolean): void {
  try {
    if (group && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
