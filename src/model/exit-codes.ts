/** The exit codes of every command, whatever the format: help, the manual page and the README show this table. */
export const exitCodes: readonly (readonly [codes: string, meaning: string])[] = [
  ['0', 'complete; nothing at the threshold of --fail-on'],
  ['1', 'a finding at the threshold, or a rescue that lost rows'],
  ['2', 'a wrong command line, or a file that cannot be used; nothing was done'],
  ['3', 'something could not be determined; nothing at the threshold'],
  ['4', 'a repair failed or did not help; it was taken back, or the report says what is left'],
  ['5', 'refused for safety; nothing was changed'],
  ['6', 'the bundle is withheld: it could not be proven free of secrets'],
  ['70', 'a bug in coven-doctor'],
  ['129, 130, 143', 'ended by SIGHUP, SIGINT or SIGTERM'],
];
