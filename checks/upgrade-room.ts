import { lowDiskBytes } from '../src/coven/contract.ts';
import { withoutHome } from '../src/coven/gates.ts';
import { bytes } from '../src/model/amounts.ts';
import { defineCheck, fail, from, pass, unknown } from '../src/model/check.ts';

/** A backup and the copy that proves it; and a table that is rewritten: once in the WAL, and once more in the ledger. */
const timesTheLedger = 4;

/** Room for a backup and for the migration of the ledger, above the range where Coven calls its storage a warning. */
export const upgradeRoom = defineCheck({
  id: 'upgrade:room',
  category: 'upgrade',
  title: 'There is room for a backup and a migration',
  explain:
    'A backup is proven by a second copy. A migration that rewrites a table writes it into the WAL and then into the ledger. Both ' +
    'together may take four times the ledger, and 1 GiB is kept free, below which Coven calls its storage a warning.',
  causes: {
    ok: {
      message: ({ freeBytes, neededBytes }) => `${bytes(freeBytes)} free of the ${bytes(neededBytes)} that it may take`,
    },
    'no-room-for-migration': {
      message: ({ freeBytes, ledgerBytes, neededBytes }) =>
        `${bytes(freeBytes)} are free; a ledger of ${bytes(ledgerBytes)} may take ${bytes(neededBytes)} with its backup`,
      hint: () => 'Free space on the file system of the home, or keep the backup on another one (--backup-dir).',
      follows: ['home:disk full', 'home:disk low'],
    },
    undetermined: {
      message: () => 'the ledger may not be read by this user',
      hint: () => 'Run the doctor as the owner of the home.',
      follows: ['store:open *'],
    },
  },
  needs: ['home', 'home.disk', 'store.files'],
  skip: withoutHome,
  judge: ({ 'home.disk': { freeBytes }, 'store.files': { main, wal } }) => {
    const ledgerBytes = main.size + wal.size;
    const neededBytes = timesTheLedger * ledgerBytes + lowDiskBytes;
    const rest = {
      facts: { freeBytes, ledgerBytes, neededBytes },
      evidence: [...from('home.disk', { freeBytes }), ...from('store.files', { ledgerBytes })],
    };
    if (freeBytes < neededBytes) return [fail('no-room-for-migration', '<coven-home>', rest)];
    const isShut = main.kind === 'file' && !main.readable;
    return [isShut ? unknown('undetermined', '<coven-home>', rest) : pass('<coven-home>', rest)];
  },
});
