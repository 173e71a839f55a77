import { startChild } from '../child/child.ts';
import type { Module } from './find.ts';
import { type Answer, type Loaded, lineLimit, type Request, type Start } from './protocol.ts';
import type { Place } from './trust.ts';

/** Why there is no answer. */
export type Silence = { readonly silent: 'overran' } | { readonly silent: 'ended'; readonly how: string };

/** A running module. It answers one request at a time. */
export interface ModuleProcess {
  /** Waits for the exports of the module, once, for this many milliseconds. */
  readonly loaded: (ms: number) => Promise<Loaded | Silence>;
  /** After a timeout the process is not asked again. */
  readonly ask: (request: Request, ms: number) => Promise<Answer | Silence>;
  readonly end: () => void;
  readonly ended: () => boolean;
}

/** Of all that it has; its heap may be half of that. */
const memoryBytes = 512 * 1024 ** 2;

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
  const child = startChild('plugin', {
    nodeOptions: ['--max-old-space-size=256', ...limits],
    answersOn: 3,
    // Processes that a check started end with it.
    group: true,
    memoryBytes,
    lineLimit,
  });
  child.tell(start);

  let over = false;
  const end = (): void => {
    over = true;
    signal.removeEventListener('abort', end);
    void child.kill();
  };
  signal.addEventListener('abort', end);
  const take = async <T>(ms: number): Promise<T | Silence> => {
    const line = await child.line(ms, signal);
    const value = typeof line === 'object' ? parse<T>(line.text) : null;
    if (value !== null) return value;
    end();
    if (line === 'late') return { silent: 'overran' };
    return {
      silent: 'ended',
      how: line === 'ended' ? `its process ${child.describe()}` : 'it wrote what is no answer',
    };
  };
  return {
    loaded: take<Loaded>,
    ask: (request, ms) => {
      child.tell(request);
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
