import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { names } from '../../coven/layout.ts';
import { judgeLiveness } from '../../coven/liveness.ts';
import { livenessNeeds } from '../../model/needs.ts';
import { look as lookAt } from '../files.ts';
import { type Look, observeAll } from '../look.ts';
import { supervisor } from '../procfs.ts';
import { flag, maybe, name, number, type ValueOf } from '../shape.ts';

/** A silent daemon, watched: whether it does anything at all. */
export const schema = () =>
  v.object({
    pid: maybe(number),
    watchedMs: number,
    /** It answered, used the processor or wrote its log meanwhile. */
    answered: flag,
    cpu: flag,
    log: flag,
    /** The unit that looks after it, where there is one. */
    supervisor: maybe(v.object({ name, user: flag })),
  });
export type DaemonProgress = ValueOf<typeof schema>;

/** Two probes at least this far apart tell slow from wedged. */
const watchMs = 10_000;
const answerMs = 2000;

/**
 * Watches a daemon that does not answer: slow is not wedged. Takes ten seconds, and is asked for only where a repair
 * would end it.
 */
export async function take(look: Look): Promise<DaemonProgress> {
  const { pid } = judgeLiveness(await observeAll(look, livenessNeeds));
  const still: DaemonProgress = { pid, watchedMs: 0, answered: false, cpu: false, log: false, supervisor: null };
  if (pid === null) return still;
  const log = join(look.home, names.recoveryLog);
  const began = performance.now();
  const before = { cpu: await cpuTicks(pid), log: String((await lookAt(log))?.mtimeNs) };
  await sleep(watchMs, undefined, { signal: look.signal });
  // Read before it is asked again: taking up our own request is no progress.
  const after = { cpu: await cpuTicks(pid), log: String((await lookAt(log))?.mtimeNs) };
  const { ask } = await import('../ask.ts');
  const { end } = await ask(join(look.home, names.socket), '/api/v1/health', answerMs, look.signal);
  return {
    pid,
    watchedMs: Math.round(performance.now() - began),
    answered: end === 'json',
    cpu: before.cpu !== after.cpu,
    log: before.log !== after.log,
    supervisor: supervisor(pid),
  };
}

/** Processor time of all threads of a process, as text that changes when it runs. Source: proc(5), fields 14 and 15. */
async function cpuTicks(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return `${fields[11]} ${fields[12]}`;
}
