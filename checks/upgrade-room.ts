import { defineCheck, fail, from, pass, unknown } from '../src/check.ts';
import { lowDiskBytes } from '../src/coven/contract.ts';
import { withoutHome } from '../src/coven/gates.ts';

/** A backup and the copy that proves it; and a table that is rewritten: once in the WAL, and once more in the ledger. */
const timesTheLedger = 4;

/** Room for a backup and for the migration of the ledger, above the range where Coven calls its storage a warning. */
export const upgradeRoom = defineCheck({
  id: 'upgrade:room',
  category: 'upgrade',
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
