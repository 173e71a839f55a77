import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command, LaunchMode } from './harness.ts';

/** A harness that runs as the leader of a process group of its own. */
export interface HarnessProcess {
  readonly pid: number;
  /** Throws when the harness takes no input. */
  readonly write: (data: string) => void;
}

export interface HarnessHandlers {
  readonly onOutput: (text: string) => void;
  /** Called once, after the last output; null when a signal ended the harness. */
  readonly onExit: (exitCode: number | null) => void;
}

/** What a descendant may still write after the harness itself ended, milliseconds. */
const lingerMillis = 200;

/** Starts a harness. Throws when it cannot be started. */
export async function startHarness(
  command: Command,
  mode: LaunchMode,
  cwd: string,
  env: NodeJS.ProcessEnv,
  handlers: HarnessHandlers,
): Promise<HarnessProcess> {
  return mode === 'interactive' ? onTerminal(command, cwd, env, handlers) : onPipes(command, cwd, env, handlers);
}

async function onTerminal(
  { file, args }: Command,
  cwd: string,
  env: NodeJS.ProcessEnv,
  { onOutput, onExit }: HarnessHandlers,
): Promise<HarnessProcess> {
  // Loaded with the first session: it is a native addon, and most starts have none.
  const { spawn: spawnTerminal } = await import('@lydell/node-pty');
  const terminal = spawnTerminal(file, [...args], { name: 'xterm', cols: 80, rows: 24, cwd, env });
  terminal.onData(onOutput);
  terminal.onExit(({ exitCode, signal }) => onExit(signal ? null : exitCode));
  return { pid: terminal.pid, write: (data) => terminal.write(data) };
}

async function onPipes(
  { file, args, input }: Command,
  cwd: string,
  env: NodeJS.ProcessEnv,
  { onOutput, onExit }: HarnessHandlers,
): Promise<HarnessProcess> {
  const child: ChildProcess = spawn(file, args, { cwd, env, detached: true, stdio: 'pipe' });
  await once(child, 'spawn');
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput);
  // A harness that ends without reading its prompt is no fault of ours.
  child.stdin?.on('error', () => undefined).end(input);
  child.once('exit', (exitCode) => {
    const ended = AbortSignal.timeout(lingerMillis);
    once(child, 'close', { signal: ended })
      .catch(() => child.stdout?.destroy() && child.stderr?.destroy())
      .finally(() => onExit(exitCode));
  });
  return {
    pid: child.pid ?? 0,
    write: () => {
      throw new Error('a nonInteractive session takes no input');
    },
  };
}

/** Signals a process group; false when it has no process any more. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
