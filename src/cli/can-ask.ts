import { isatty } from 'node:tty';

/** Whether somebody is there to say yes, and sees the question. */
export const canAsk = (to: NodeJS.WriteStream): boolean => isatty(0) && Boolean(to.isTTY);
