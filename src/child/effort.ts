import { readdirSync, readFileSync } from 'node:fs';
import { type deadline, patienceOf, turnMs } from '../deadline.ts';

/** Kernel clock ticks a second, as every Linux that Node runs on reports them to user space. */
const tickMs = 1000 / 100;

/** Processes that one starts in turn, as a shell does; more of them are not looked at. */
const familyLimit = 32;

/**
 * A limit for a process and those that it started: what they use of a processor, and the time in which none of them wants one. A turn in
 * which one waits for a processor that it is not given costs nothing, so that a busy machine changes no outcome; whoever waits has the
 * run's deadline besides. Where /proc does not tell, each turn counts.
 */
export function effortOf(pid: number | undefined): typeof deadline {
  let before = 0;
  return patienceOf(() => {
    const seen = pid === undefined ? null : family(pid);
    if (!seen) return turnMs;
    const cost = costOf(seen, before);
    before = seen.cpuMs;
    return cost;
  });
}

/** What a turn costs one that had used so many milliseconds before it. */
export const costOf = ({ cpuMs, isReady }: Family, before: number): number =>
  isReady ? Math.min(Math.max(0, cpuMs - before), turnMs) : turnMs;

interface Family {
  readonly cpuMs: number;
  readonly isReady: boolean;
}

/** Null for a process that is gone, and where there is no /proc. */
export function family(first: number): Family | null {
  const pids = [first];
  let [cpuMs, isReady, found] = [0, false, false];
  for (let at = 0; at < pids.length && at < familyLimit; at += 1) {
    const pid = pids[at] ?? 0;
    try {
      // Those that have ended and were waited for count, too. Source: proc(5), fields 14 to 17.
      cpuMs +=
        fieldsOf(`/proc/${pid}/stat`)
          .slice(11, 15)
          .reduce((sum, ticks) => sum + Number(ticks), 0) * tickMs;
      found = true;
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const task = `/proc/${pid}/task/${thread}`;
        isReady ||= fieldsOf(`${task}/stat`)[0] === 'R';
        pids.push(...readFileSync(`${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number));
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return found ? { cpuMs, isReady } : null;
}

/** Those after the command name, which may hold spaces and parentheses. */
function fieldsOf(path: string): readonly string[] {
  const text = readFileSync(path, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ', 15);
}
