/** What the user asked for cannot be done as asked: one line, exit 2, nothing changed. */
export class UsageError extends Error {}
