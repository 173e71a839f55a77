import { readFileSync, readlinkSync } from 'node:fs';
import * as v from 'valibot';
import { textOfProc } from '../proc-file.ts';
import { flag, id, instant, kernelNumber, maybe, number, text, type ValueOf } from '../shape.ts';

export const schema = () =>
  v.object({
    /** Wall clock of the run's start, the only "now" that a check may use. */
    now: instant,
    /** As Node names it: `linux`, `darwin`. */
    platform: text,
    uid: number,
    bootId: maybe(id),
    /** As the link /proc/self/ns/pid names it; null where there is none. */
    pidNamespace: maybe(kernelNumber),
    /** False where processes or locks of this machine may be hidden: another pid namespace, hidepid, no /proc. */
    seesEveryProcess: flag,
  });
export type Machine = ValueOf<typeof schema>;

/** The inode that Linux gives its first pid namespace (PROC_PID_INIT_INO). */
const firstPidNamespace = 'pid:[4026531836]';

/** Whether a line of mountinfo is of a /proc that hides the processes of others. Source: proc(5). */
function hidesProcesses(line: string): boolean {
  const fields = line.split(' ');
  const [type, , ...options] = fields.slice(fields.indexOf('-', 6) + 1);
  return fields[4] === '/proc' && type === 'proc' && /hidepid=(1|2|4|noaccess|invisible)/.test(options.join(' '));
}

export async function take(): Promise<Machine> {
  const { bootId, pidNamespace } = thisMachine();
  const mounts = textOfProc('/proc/self/mountinfo', 'utf8') ?? '';
  const hidepid = mounts.split('\n').some(hidesProcesses);
  const uid = process.geteuid?.() ?? -1;
  return {
    now: new Date().toISOString(),
    platform: process.platform,
    uid,
    bootId,
    pidNamespace,
    seesEveryProcess: pidNamespace === firstPidNamespace && (!hidepid || uid === 0),
  };
}

/** The run of this machine and the processes that are seen in it; what a process or a plan of another is told by. */
export function thisMachine(): { readonly bootId: string | null; readonly pidNamespace: string | null } {
  return {
    bootId: orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    pidNamespace: orNull(() => readlinkSync('/proc/self/ns/pid')),
  };
}

function orNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}
