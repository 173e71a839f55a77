/** Not done, for safety: the message names the file, the reason and the next step. Exit code 5. */
export class Refused extends Error {}

/** The code of a system call's failure, else its message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
