/** Not done, for safety: the message names the file, the reason and the next step. */
export class Refused extends Error {
  /** Exit code: 5, or 4 where something had been done and failed, or that of a signal. */
  readonly exit: number;
  constructor(message: string, exit = 5) {
    super(message);
    this.exit = exit;
  }
}

/** A file that is there and cannot be read; the code says why. */
export class Unreadable extends Refused {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** The code of a system call's failure, else its message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}

/** Whether a disk or a quota is full. */
export const isOfRoom = (error: unknown): boolean => ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(reasonOf(error));

/** `what` failed for what a system call says, as a Refused that ends with `rest`; a bug stays one. */
export function failed(what: string, error: unknown, rest: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const path = 'path' in error ? ` at ${error.path}` : '';
  return new Refused(`${what} failed (${reasonOf(error)}${path}), ${rest}`);
}
