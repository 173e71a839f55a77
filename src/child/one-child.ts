import { type Child, type ChildProgram, startChild } from './child.ts';
import { shortLived } from './short-lived.ts';

/** A child that reads what others wrote: started when it is needed, and again after one that was given up. */
export interface OneChild {
  /** Bytes of memory that it may have. */
  readonly memoryBytes: number;
  /** Starts it before it is needed. */
  readonly start: () => void;
  /** Calls `use` when everything that was asked before is answered: one thing is asked at a time. */
  readonly ask: <T>(use: (child: Child) => Promise<T>) => Promise<T>;
  /** Ends a child that did not answer. Resolves when it is gone. */
  readonly giveUp: (child: Child) => Promise<void>;
  readonly end: () => Promise<void>;
}

export function oneChild(program: ChildProgram, memoryBytes: number, heapMegabytes: number): OneChild {
  let child: Child | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  const started = (): Child => {
    child ??= startChild(program, { nodeOptions: shortLived(heapMegabytes), memoryBytes });
    return child;
  };
  return {
    memoryBytes,
    start: () => void started(),
    ask: (use) => {
      const answer = queue.then(() => use(started()));
      queue = answer.catch(() => undefined);
      return answer;
    },
    giveUp: async (lost) => {
      if (child === lost) child = null;
      await lost.kill();
    },
    end: async () => child?.kill(),
  };
}
