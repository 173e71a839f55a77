import { closeSync, constants, openSync, readSync } from 'node:fs';

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

/** Drops the lines that were typed before a question is on the screen: they are no answer to it. Whether there were any. */
export function dropTypedAhead(): boolean {
  let terminal: number | null = null;
  let isDropped = false;
  try {
    // Opened anew: whether reading waits belongs to an open file, and stdin is shared with the shell.
    terminal = openSync(
      process.platform === 'linux' ? '/proc/self/fd/0' : '/dev/tty',
      O_RDONLY | O_NONBLOCK | O_NOCTTY,
    );
    const bytes = Buffer.alloc(4096);
    while (readSync(terminal, bytes) > 0) isDropped = true;
  } catch {
    // Nothing more is typed; where the terminal cannot be opened, what was typed counts.
  } finally {
    if (terminal !== null) closeSync(terminal);
  }
  return isDropped;
}
