import { statSync } from 'node:fs';
import { join } from 'node:path';
import { textOfProc } from './proc-file.ts';

/** The device from which every pseudo terminal comes, 5:2. Source: linux/Documentation/admin-guide/devices.txt. */
const ptmx = (5n << 8n) | 2n;

/**
 * Whether a process could open a pseudo terminal: the device is at its place as the process sees it, and the kernel has terminals
 * left. Nothing is opened. Null where its root may not be seen.
 */
export function terminalsOf(pid: number): 'there' | 'none' | 'used-up' | null {
  const root = `/proc/${pid}/root`;
  try {
    statSync(root);
  } catch {
    return null;
  }
  const device = deviceAt(join(root, 'dev/ptmx'));
  if (device === null) return null;
  // The master is opened there, and its other end in the file system of terminals.
  const other = deviceAt(join(root, 'dev/pts/ptmx'));
  if (device !== ptmx || other !== ptmx) return 'none';
  const [used, most] = ['nr', 'max'].map((name) => Number(textOfProc(`/proc/sys/kernel/pty/${name}`) ?? Number.NaN));
  return used !== undefined && most !== undefined && used >= most ? 'used-up' : 'there';
}

/** 1:3 of the same source. */
const nothing = (1n << 8n) | 3n;

/** Whether /dev/null is what the kernel gives: where a file took its place, what is thrown away piles up in it, and another user may not write there. */
export const isNullThere = (): boolean => [nothing, null].includes(deviceAt('/dev/null'));

/** 0 where there is no device; null where that may not be seen. */
function deviceAt(path: string): bigint | null {
  try {
    const found = statSync(path, { bigint: true });
    return found.isCharacterDevice() ? found.rdev : 0n;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    return code === 'ENOENT' || code === 'ENOTDIR' ? 0n : null;
  }
}
