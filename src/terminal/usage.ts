/** The command cannot be carried out as typed: one line, exit code 2, nothing changed. */
export class UsageError extends Error {}
