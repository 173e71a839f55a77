import { readFileSync } from 'node:fs';
import { systemProgram } from '../programs.ts';

/** What a program of ours is told as its second word: whether the kernel ends it with this process. */
export const [tied, untied] = ['tied', 'untied'];

/** The number of AT_SECURE in an auxiliary vector. Source: getauxval(3). */
const atSecure = 23n;

let known: readonly string[] | null | undefined;

/**
 * The words before a command line by which the kernel ends what they start when this process is gone; null where they are not to be had.
 * Source: setpriv(1) of util-linux, which has `--pdeathsig` since 2.33 and does no more with it than one system call.
 */
export function tie(): readonly string[] | null {
  if (known === undefined) known = found();
  return known;
}

function found(): readonly string[] | null {
  if (process.platform !== 'linux') return null;
  try {
    const setpriv = systemProgram('setpriv');
    return readFileSync(setpriv).includes('pdeathsig') ? [setpriv, '--pdeathsig', 'KILL'] : null;
  } catch {
    return null;
  }
}

/**
 * Whether the tie that this process was started with still holds: the kernel drops it from a program that gains rights as it starts,
 * as a Node with file capabilities does. Source: prctl(2), PR_SET_PDEATHSIG.
 */
export function isTied(): boolean {
  if (process.argv[3] !== tied) return false;
  try {
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.length; at += 16)
      if (vector.readBigUInt64LE(at) === atSecure) return vector.readBigUInt64LE(at + 8) === 0n;
  } catch {
    // What cannot be told is watched.
  }
  return false;
}
