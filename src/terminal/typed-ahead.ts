import { closeSync, constants, openSync, readSync } from 'node:fs';

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

/** Drops the lines that were typed before a question is on the screen: they are no answer to it. */
export function dropTypedAhead(): void {
  let terminal: number | null = null;
  try {
    // Opened anew: whether reading waits belongs to an open file, and stdin is shared with the shell.
    terminal = openSync(
      process.platform === 'linux' ? '/proc/self/fd/0' : '/dev/tty',
      O_RDONLY | O_NONBLOCK | O_NOCTTY,
    );
    const bytes = Buffer.alloc(4096);
    while (readSync(terminal, bytes) > 0);
  } catch {
    // Nothing more is typed; where the terminal cannot be opened, what was typed counts.
  } finally {
    if (terminal !== null) closeSync(terminal);
  }
}
