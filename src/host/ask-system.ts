import { spawn } from 'node:child_process';
import { effortOf } from '../child/effort.ts';
import type { Deadline } from '../deadline.ts';
import { systemEnv, systemProgram } from '../programs.ts';

export interface SystemQuestion {
  /** What it says on this one is taken; the other one is closed to it. */
  readonly stream: 'stdout' | 'stderr';
  /** Bytes of what it says that are kept. */
  readonly bytes: number;
  /** Of its own effort, and not by the clock. */
  readonly milliseconds: number;
  readonly signal: AbortSignal;
  /** Besides what every program of the system is given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface SystemAnswer {
  readonly how: number | NodeJS.Signals | 'overran' | 'not-started';
  readonly said: string;
  /** Whether that is all that it said. */
  readonly isWhole: boolean;
}

/**
 * Runs a program of the system within bounds of time and memory, and tells what it said: its input can be somebody's who makes it say a
 * gigabyte, or a program that it starts can keep its pipe open for ever. Never rejects.
 */
export async function askSystem(
  name: string,
  args: readonly string[],
  { stream, bytes, milliseconds, signal, env = {}, cwd = '/' }: SystemQuestion,
): Promise<SystemAnswer> {
  let limit: Deadline | null = null;
  const parts: Buffer[] = [];
  let length = 0;
  const answer = (how: SystemAnswer['how']): SystemAnswer => {
    const said = Buffer.concat(parts).toString();
    return { how, said, isWhole: length <= bytes && how !== 'overran' };
  };
  try {
    const stdio = (of: SystemQuestion['stream']) => (of === stream ? 'pipe' : 'ignore');
    const child = spawn(systemProgram(name), args, {
      stdio: ['ignore', stdio('stdout'), stdio('stderr')],
      env: { ...systemEnv, ...env },
      cwd,
    });
    limit = effortOf(child.pid)(milliseconds, signal);
    const { signal: over } = limit;
    const output = child[stream];
    output?.on('data', (part: Buffer) => {
      // The rest is taken, too, so that a full pipe does not hold it up.
      if (length < bytes) parts.push(part.subarray(0, bytes - length));
      length += part.length;
    });
    return await new Promise<SystemAnswer>((resolve) => {
      child.once('error', () => resolve(answer('not-started')));
      child.once('close', (code, by) => resolve(answer(by ?? code ?? 'not-started')));
      const end = (): void => {
        // Not by the option `signal`: one that could not be started has no number, and Node would signal whatever is in its place.
        if (child.pid !== undefined) child.kill('SIGKILL');
        output?.destroy();
        resolve(answer('overran'));
      };
      if (over.aborted) end();
      over.addEventListener('abort', end);
    });
  } catch {
    return answer('not-started');
  } finally {
    limit?.done();
  }
}
