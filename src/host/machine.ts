import { readFile, readlink } from 'node:fs/promises';
import type { Machine } from '../observation.ts';
import type { Look } from './look.ts';

/** The inode that Linux gives its first pid namespace (PROC_PID_INIT_INO). */
const firstPidNamespace = 'pid:[4026531836]';

export async function seeMachine({ env }: Look): Promise<Machine> {
  const [bootId, namespace, mounts] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => null),
    readlink('/proc/self/ns/pid').catch(() => null),
    readFile('/proc/self/mountinfo', 'utf8').catch(() => ''),
  ]);
  const hidepid = mounts
    .split('\n')
    .some((line) => / \/proc .* - proc .*hidepid=(1|2|4|noaccess|invisible)/.test(line));
  const sudo = Number(env.SUDO_UID);
  const uid = process.geteuid?.() ?? -1;
  return {
    now: new Date().toISOString(),
    platform: process.platform,
    uid,
    sudoUid: uid === 0 && Number.isInteger(sudo) && sudo > 0 ? sudo : null,
    bootId: bootId?.trim() ?? null,
    seesEveryProcess: namespace === firstPidNamespace && (!hidepid || uid === 0),
  };
}
