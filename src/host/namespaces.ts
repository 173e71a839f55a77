import { readlinkSync } from 'node:fs';

/** The namespace of a kind (`mnt`, `net`) that a process is in, `net:[4026531833]`; null where it may not be seen. */
export function namespaceOf(pid: number | 'self', kind: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return null;
  }
}
