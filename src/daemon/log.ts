import { closeSync, constants, fstatSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { now } from './clock.ts';
import { isSame, look, openPrivate } from './private.ts';

/** `daemon-recovery.log`: one line an event, `[time] message`. */
export interface RecoveryLog {
  readonly line: (message: string) => void;
  /** A step of the start-up was reached; `phase` is Coven's name for it where Coven has the step. */
  readonly checkpoint: (phase: string) => void;
  /** Whether a daemon started in this home before. */
  readonly startedBefore: () => boolean;
  /** From now on a full log is rotated: only the holder of the serve lock may, or two daemons would rotate at once. */
  readonly rotateWhenFull: () => void;
  readonly close: () => void;
}

/** Size at which Coven rotates the log, and how many old ones it keeps. */
const limitBytes = 4 * 1024 ** 2;
const backups = 3;
/** A client chooses what some lines say: none may fill the log. */
const longestLine = 4096;

/** Opens the log of a home for appending. Throws when it is no regular file of the user's. */
export function openLog(home: string): RecoveryLog {
  const path = join(home, names.recoveryLog);
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
  let fd = openPrivate(path, flags);
  let rotates = false;
  let origin = process.hrtime.bigint();
  let last = origin;

  const rotate = (): void => {
    // Where an earlier try moved it already, moving the old ones again would only lose them.
    if (isSame(look(path), fstatSync(fd, { bigint: true }))) {
      for (let number = backups - 1; number >= 1; number -= 1) rename(`${path}.${number}`, `${path}.${number + 1}`);
      rename(path, `${path}.1`);
    }
    // Closed before the new one is open, its number could become that of the ledger, which lines would then overwrite.
    const next = openPrivate(path, flags);
    closeSync(fd);
    fd = next;
  };
  const line = (message: string): void => {
    const text = Buffer.from(`[${now()}] ${harmless(message)}\n`);
    try {
      if (rotates && fstatSync(fd).size + text.length > limitBytes) rotate();
    } catch {
      // The old one goes on beyond its limit: a line is worth more than a size.
    }
    try {
      writeSync(fd, text);
    } catch {
      // A full disk must not end a daemon that still serves; health tells of the disk.
    }
  };
  return {
    line,
    checkpoint: (phase) => {
      const ticks = process.hrtime.bigint();
      if (phase === 'daemon-store-begin' || phase === 'status-publication-begin') origin = last = ticks;
      line(
        `startup_checkpoint phase=${phase} elapsed_ms=${(ticks - origin) / 1_000_000n} prior_observer_ms=0 interval_us=${(ticks - last) / 1000n}`,
      );
      last = process.hrtime.bigint();
    },
    startedBefore: () =>
      [path, ...Array.from({ length: backups }, (_, index) => `${path}.${index + 1}`)].some(tellsOfStart),
    rotateWhenFull: () => {
      rotates = true;
    },
    close: () => closeSync(fd),
  };
}

function tellsOfStart(path: string): boolean {
  try {
    const fd = openPrivate(path, constants.O_RDONLY);
    try {
      const text = Buffer.alloc(Math.min(fstatSync(fd).size, limitBytes));
      return text.subarray(0, readSync(fd, text, 0, text.length, 0)).includes('] daemon starting pid=');
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** On one line, bounded, and without characters that move a cursor or turn a line around. */
function harmless(message: string): string {
  return message
    .slice(0, longestLine)
    .replace(
      /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
      (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`,
    );
}
