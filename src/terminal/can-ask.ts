import { isatty } from 'node:tty';

/** Whether a user can see a question and answer it. */
export const canAsk = (to: NodeJS.WriteStream): boolean => isatty(0) && Boolean(to.isTTY);
