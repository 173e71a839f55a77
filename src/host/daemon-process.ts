import { readFile } from 'node:fs/promises';
import { judgeLiveness, type LivenessSight, livenessNeeds } from '../coven/liveness.ts';
import type { DaemonProcess } from '../observation.ts';
import type { Look } from './look.ts';
import { descriptors, executable } from './procfs.ts';

/** What the live daemon uses of the machine; all null where none is known by pid, or it may not be seen. */
export async function seeDaemonProcess({ observe }: Look): Promise<DaemonProcess> {
  const seen = await Promise.all(livenessNeeds.map(async (key) => [key, await observe(key)] as const));
  const { pid } = judgeLiveness(Object.fromEntries(seen) as unknown as LivenessSight);
  if (pid === null) return { pid, descriptors: null, limit: null, executableGone: null };
  const limits = await readFile(`/proc/${pid}/limits`, 'latin1').catch(() => '');
  const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  const open = descriptors(pid);
  return {
    pid,
    descriptors: open?.length ?? null,
    limit: limit === undefined ? null : Number(limit),
    executableGone: open === null ? null : executable(pid) === null,
  };
}
