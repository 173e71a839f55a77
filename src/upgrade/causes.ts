import type { Cause } from '../model/check.ts';

export const versionOf = (version: unknown): string => (version === null ? 'an unknown version' : `Coven ${version}`);

/** The checks of the daemon report that it does not answer. */
export const noAnswer: Cause = {
  message: ({ reason }) => `the daemon could not be asked${reason ? ` (${reason})` : ''}`,
  hint: () => 'Ask again once the daemon answers; what it keeps is known from its answer alone.',
  follows: ['daemon *', 'daemon:health *', 'upgraded:version not-running'],
};

export const noState: Cause = { message: () => 'skipped: nothing was saved before (preflight --save)' };

export const unseenBefore: Cause = {
  message: () => 'it could not be seen before the upgrade, and is not in the saved state',
  hint: () => 'Preflight told why; what it could not see cannot be compared.',
};
