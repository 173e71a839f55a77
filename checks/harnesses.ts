import { type Check, defineCheck, from, pass, skipped, warn } from '../src/check.ts';
import { harnessCommands } from '../src/coven/contract.ts';

/**
 * The harnesses that Coven finds on PATH, one check each. A harness that is not installed is no fault by itself; that of
 * a session that is still open is.
 */
export const harnessChecks: readonly Check[] = harnessCommands.map((id) =>
  defineCheck({
    id: `harness:${id}`,
    category: 'harness',
    needs: ['install', 'store.sessions'],
    judge: ({ install: { harnesses }, 'store.sessions': { open } }) => {
      const path = harnesses.find((harness) => harness.id === id)?.path ?? null;
      const wanted = open.filter(({ harness, external }) => harness === id && !external).length;
      const rest = { facts: { id, path, wanted }, evidence: from('install', { [id]: path }) };
      if (path !== null) return [pass('<path>', rest)];
      return [(wanted > 0 ? warn : skipped)('absent', '<path>', rest)];
    },
  }),
);

/** Without any harness, no session can be launched. The daemon's own PATH may differ from this one. */
export const harnesses = defineCheck({
  id: 'harnesses',
  category: 'harness',
  needs: ['install'],
  judge: ({ install }) => {
    const present = install.harnesses.filter(({ path }) => path !== null);
    const facts = { present: present.length, all: install.harnesses.length };
    const rest = { facts, evidence: from('install', facts) };
    return [present.length > 0 ? pass('<path>', rest) : warn('none', '<path>', rest)];
  },
});
