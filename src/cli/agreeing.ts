/** Options by which an operator agrees to a repair. */
export const agreeing = {
  allow: {
    choices: ['disruptive', 'lossy'] as const,
    array: true,
    describe: 'Agree to steps that end live work, or may lose data',
  },
  yes: { type: 'boolean', default: false, describe: 'Apply without asking' },
  'backup-dir': {
    type: 'string',
    requiresArg: true,
    describe: 'Folder outside the home for the backup  [the run’s own, in the home]',
  },
  'start-daemon': { type: 'boolean', default: false, describe: 'Start a daemon that is merely stopped, too' },
} as const;
