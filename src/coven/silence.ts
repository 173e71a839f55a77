import { type Advice, command } from '../model/advice.ts';
import type { Facts } from '../model/check.ts';
import type { Silence } from '../model/observation.ts';

/** What was seen of a daemon while it gave no answer. */
export function seenOf(silence: Silence | undefined): Facts {
  if (!silence) return {};
  const { watchedMs, state, runnable, cpuMs, log, lateMs, frozenBy = null, tracerPid = null } = silence;
  return { watchedMs, state, runnable, cpuMs, log, lateMs, frozenBy, tracerPid };
}

export const seconds = ({ watchedMs }: Facts): string => `${Math.round(Number(watchedMs) / 1000)} s`;

/** The debugger that holds it. */
export const tracer = ({ tracerPid }: Facts): string =>
  tracerPid == null ? 'a process that cannot be seen from here' : `pid ${tracerPid}`;

export const stoodStill = (facts: Facts): string =>
  typeof facts.state === 'string'
    ? `; in ${seconds(facts)} it did nothing: ${facts.cpuMs} ms of processor time, and no line in its log`
    : '';

/** How a frozen daemon goes on. A control group of a unit is thawed by its manager, which else would believe it frozen. */
export function thaw(file: string): Advice {
  const unit = file.split('/').at(-2) ?? '';
  const paused =
    'Nothing ends or starts it until it is thawed. If a container runtime paused it, let that resume it; else, as root:';
  if (/\.(?:service|scope|slice)$/.test(unit)) return [paused, command('systemctl', 'thaw', unit)];
  const word = file.endsWith('freezer.state') ? 'THAWED' : '0';
  return [paused, command('sh', '-c', `echo ${word} > "$0"`, file)];
}
