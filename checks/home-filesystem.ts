import { stopFirst } from '../src/coven/advice.ts';
import { withoutMounts } from '../src/coven/gates.ts';
import type { Advice } from '../src/model/advice.ts';
import { defineCheck, type Facts, fail, from, pass, warn } from '../src/model/check.ts';

const moveHome = (facts: Facts): Advice => [
  ...stopFirst(facts),
  'Move the home to a local disk, and set COVEN_HOME to its new path.',
];

const target = '<coven-home>';

/**
 * They have no sockets, or no hard links, by which Coven publishes its own, or no modes, which it sets before anything else. Source: a start of Coven
 * 0.4.6 of which bind, linkat or chmod fails, and what Linux says of these.
 */
const unsuited = [
  'vfat',
  'msdos',
  'umsdos',
  'exfat',
  'hfs',
  'iso9660',
  'udf',
  'vboxsf',
  'fuse.vmhgfs-fuse',
  'vmhgfs',
  'prl_fs',
  'ntfs',
];

/** Where the home lives: every command of Coven writes to it, and a WAL ledger needs locks and shared memory. */
export const homeFilesystem = defineCheck({
  id: 'home:filesystem',
  category: 'home',
  title: 'The home lives on a local disk that can be written to',
  explain:
    'Every command of Coven, `daemon status` included, sets the mode of the home and fails on a read-only file system, even while a ' +
    'healthy daemon answers. The ledger keeps a write-ahead log in shared memory, which network file systems do not give, and which ' +
    'a synchronising program copies in the middle of a write. What is in memory is gone after the next boot.',
  causes: {
    ok: { message: ({ type }) => `the home is on a local file system (${type})` },
    'read-only': {
      message: ({ type }) =>
        `every coven command fails: <coven-home> is on a file system that is mounted read-only (${type})`,
      hint: () =>
        'Look in the system log for the reason (Linux remounts a failing disk like this), then mount it for writing.',
    },
    unsuited: {
      message: ({ type }) =>
        `no daemon can start: <coven-home> is on a file system (${type}) without what Coven needs: sockets, hard links and modes of its own`,
      hint: moveHome,
    },
    network: { message: ({ type }) => `<coven-home> is on a network file system (${type})`, hint: moveHome },
    synced: {
      message: ({ syncedBy }) => `<coven-home> is in a folder that is synchronised with other machines (${syncedBy})`,
      hint: moveHome,
    },
    volatile: {
      message: ({ type }) => `<coven-home> is in memory (${type}); its sessions are lost at the next boot`,
      hint: moveHome,
    },
  },
  needs: ['machine', 'home.filesystem'],
  skip: withoutMounts,
  judge: ({ 'home.filesystem': seen }) => {
    const { type, readOnly, network, inMemory, syncedBy } = seen;
    const rest = { facts: { type, syncedBy }, evidence: from('home.filesystem', { ...seen }) };
    const found = [];
    if (readOnly) found.push(fail('read-only', target, rest));
    if (unsuited.includes(type)) found.push(fail('unsuited', target, rest));
    if (network) found.push(warn('network', target, rest));
    if (syncedBy !== null) found.push(warn('synced', target, rest));
    if (inMemory) found.push(warn('volatile', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
