import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { within } from '../deadline.ts';
import { packageRoot } from '../host/package.ts';
import type { Module } from './find.ts';
import { type Answer, type Loaded, lineLimit, type Request, type Start } from './protocol.ts';
import type { Place } from './trust.ts';

/** How it came that there is no answer. */
export type Silence = { readonly silent: 'overran' } | { readonly silent: 'ended'; readonly how: string };

/** A running module. One question at a time. */
export interface ModuleProcess {
  /** What the module exports, once. Milliseconds to wait for it. */
  readonly loaded: (ms: number) => Promise<Loaded | Silence>;
  /** After a silence there is nobody left to ask. */
  readonly ask: (request: Request, ms: number) => Promise<Answer | Silence>;
  readonly end: () => void;
  readonly ended: () => boolean;
}

/**
 * Starts a process for `module`. It is given nothing of our environment, and as far as Node can (its permission model,
 * no boundary against an attacker) it writes no file and starts no program; with `free`, it may. It is ended with `signal`.
 */
export function startModule(
  module: Module,
  homes: readonly Place[],
  signal: AbortSignal,
  { free = false } = {},
): ModuleProcess {
  const start: Start = { path: module.path, homes };
  const limits = free ? [] : [permissionFlag(), '--allow-fs-read=*', '--allow-worker'];
  const program = join(packageRoot, 'dist', 'plugin.js');
  const child = spawn(
    process.execPath,
    ['--max-old-space-size=256', ...limits, program],
    // A group of its own: what a check started ends with it.
    { stdio: ['pipe', 'ignore', 'ignore', 'pipe'], env: {}, cwd: '/', detached: true },
  );
  const gone = once(child, 'exit').catch(() => [null, 'not started']);
  const input = child.stdio[0] as Writable;
  const next = lines(child.stdio[3] as Readable);
  input.on('error', () => undefined);
  input.write(`${JSON.stringify(start)}\n`);

  let over = false;
  const end = (): void => {
    over = true;
    signal.removeEventListener('abort', end);
    // Until its exit is told here the pid is still its own.
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL');
    }
  };
  signal.addEventListener('abort', end);
  const take = async <T>(ms: number): Promise<T | Silence> => {
    const line = await within(next(), ms, signal, () => 'late' as const);
    if (line === 'late') {
      end();
      return { silent: 'overran' };
    }
    const value = line === 'garbled' || line === null ? null : parse<T>(line);
    if (value !== null) return value;
    if (line !== null) {
      end();
      return { silent: 'ended', how: 'it wrote what is no answer' };
    }
    const [code, killer] = await gone;
    end();
    return { silent: 'ended', how: `its process ended (${killer ?? code})` };
  };
  return {
    loaded: take<Loaded>,
    ask: (request, ms) => {
      input.write(`${JSON.stringify(request)}\n`);
      return take<Answer>(ms);
    },
    end,
    ended: () => over,
  };
}

/** The permission model lost its `experimental` in Node 22.13 and 23.5. */
function permissionFlag(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13)
    ? '--permission'
    : '--experimental-permission';
}

function parse<T>(line: string): T | null {
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === 'object' ? (value as T) : null;
  } catch {
    return null;
  }
}

/** Gives the next line of `stream` whenever it is called, null at its end, and `garbled` for one over the limit. */
function lines(stream: Readable): () => Promise<string | null> {
  let buffered = '';
  let ended = false;
  let wake = (): void => {};
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    buffered += text;
    if (buffered.length > lineLimit) stream.destroy();
    wake();
  });
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  stream.on('error', onEnd).on('close', onEnd);
  return async () => {
    for (;;) {
      const at = buffered.indexOf('\n');
      if (at >= 0) {
        const line = buffered.slice(0, at);
        buffered = buffered.slice(at + 1);
        return line;
      }
      if (buffered.length > lineLimit) return 'garbled';
      if (ended) return null;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}
