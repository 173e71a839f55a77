import { defineCheck, fail, from, pass, warn } from '../src/check.ts';
import { withoutMounts } from '../src/coven/gates.ts';

const target = '<coven-home>';

/** Where the home lives: every command of Coven writes to it, and a WAL ledger needs locks and shared memory. */
export const homeFilesystem = defineCheck({
  id: 'home:filesystem',
  category: 'home',
  needs: ['machine', 'home.filesystem'],
  skip: withoutMounts,
  judge: ({ 'home.filesystem': seen }) => {
    const { type, readOnly, network, inMemory, syncedBy } = seen;
    const rest = { facts: { type, syncedBy }, evidence: from('home.filesystem', { ...seen }) };
    const found = [];
    if (readOnly) found.push(fail('read-only', target, rest));
    if (network) found.push(warn('network', target, rest));
    if (syncedBy !== null) found.push(warn('synced', target, rest));
    if (inMemory) found.push(warn('volatile', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
