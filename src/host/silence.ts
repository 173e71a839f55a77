import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { names } from '../coven/layout.ts';
import { isAtWork, silenceMs } from '../coven/liveness.ts';
import type { Silence } from '../model/observation.ts';
import { look as lookAt } from './files.ts';
import { frozenBy } from './frozen.ts';
import type { Look } from './look.ts';
import { textOfProc } from './proc-file.ts';

/** Between two looks at a daemon that does not answer. */
const lookMs = 500;
/** What taking up our own request costs the daemon is over by then, and is no progress. */
const settleMs = 300;
/** No look at a process takes more threads into account. */
const threadLimit = 512;
/** Clock ticks, as every Linux that Node runs on counts them for user space. */
const tickMs = 10;

/** A daemon that does not answer, watched while it is waited for. */
export interface SilenceWatch {
  /** Fires when waiting longer would tell nothing: it is stopped or frozen, or nothing of it moved for long enough. */
  readonly enough: AbortSignal;
  /** What was seen; ends the watch. */
  readonly end: () => Silence;
}

/** Watches the process `pid`, as far as this machine shows it; null where the daemon is known by no number. */
export function watchSilence(look: Look, pid: number | null): SilenceWatch {
  const enough = new AbortController();
  const over = new AbortController();
  const began = performance.now();
  const seen = { state: null as string | null, looks: 0, runnable: 0, stopped: 0, cpuMs: 0, log: false, lateMs: 0 };
  const silence = (): Silence => {
    const { looks, state, cpuMs, log, lateMs } = seen;
    const watchedMs = Math.round(performance.now() - began);
    // One look may meet a thread that happens to run; one that waits for a processor is met again.
    const frozen = pid === null ? null : frozenBy(pid);
    const watched = { pid, watchedMs, looks, state, runnable: seen.runnable > 1, cpuMs, log, lateMs };
    const tracer = pid === null || state !== 't' ? 0 : tracerOf(pid);
    return {
      ...watched,
      ...(frozen !== null && { frozenBy: frozen }),
      ...(tracer > 0 && { tracerPid: tracer }),
    };
  };
  const watch = async (): Promise<void> => {
    await sleep(settleMs, undefined, { signal: over.signal });
    const first = { cpu: cpuMsOf(pid), log: await logTime(look) };
    for (;;) {
      const before = performance.now();
      await sleep(lookMs, undefined, { signal: over.signal });
      seen.lateMs = Math.max(seen.lateMs, Math.round(performance.now() - before - lookMs));
      const states = statesOf(pid);
      seen.state = states[0] ?? null;
      seen.looks += 1;
      if (states.some((state) => state === 'R' || state === 'D')) seen.runnable += 1;
      if (seen.state === 'T' || seen.state === 't') seen.stopped += 1;
      seen.cpuMs = Math.max(0, cpuMsOf(pid) - first.cpu);
      seen.log ||= first.log !== (await logTime(look));
      const isFrozen = seen.looks > 1 && pid !== null && frozenBy(pid) !== null;
      const stands = performance.now() - began >= silenceMs && !isAtWork(silence());
      if (seen.stopped > 1 || isFrozen || stands) return enough.abort();
    }
  };
  // Its end is the only thing that it rejects with.
  watch().catch(() => undefined);
  return {
    enough: enough.signal,
    end: () => {
      over.abort();
      return silence();
    },
  };
}

const logTime = async ({ home }: Look): Promise<string> =>
  String((await lookAt(join(home, names.recoveryLog)))?.mtimeNs);

/** The state of each thread, the main one first; empty where the process cannot be seen. */
function statesOf(pid: number | null): readonly string[] {
  try {
    const threads = pid === null ? [] : readdirSync(`/proc/${pid}/task`).slice(0, threadLimit);
    return threads.flatMap((thread) => fieldsOf(`/proc/${pid}/task/${thread}/stat`)?.[0] ?? []);
  } catch {
    return [];
  }
}

/** Who holds a process by ptrace(2); 0 where nobody does, or that cannot be seen from here. */
const tracerOf = (pid: number): number =>
  Number(/^TracerPid:\s+(\d+)/m.exec(textOfProc(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);

/** Milliseconds of processor time of all threads; 0 where they cannot be seen. Source: proc(5), fields 14 and 15, in ticks. */
function cpuMsOf(pid: number | null): number {
  const fields = pid === null ? null : fieldsOf(`/proc/${pid}/stat`);
  return fields ? (Number(fields[11]) + Number(fields[12])) * tickMs : 0;
}

/** What follows the command name, which may hold spaces and parentheses; null for what is gone. */
function fieldsOf(path: string): readonly string[] | null {
  try {
    const text = readFileSync(path, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
