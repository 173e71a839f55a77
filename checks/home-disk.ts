import { defineCheck, fail, from, pass, warn } from '../src/check.ts';
import { criticalDiskBytes, lowDiskBytes } from '../src/coven/contract.ts';
import { fewInodes, backupBytes as wantedBytes } from '../src/coven/limits.ts';

/** Room for bytes and files. Below 256 MiB Coven stops its maintenance and then fails to record sessions. */
export const homeDisk = defineCheck({
  id: 'home:disk',
  category: 'home',
  needs: ['home.disk', 'store.files'],
  judge: ({ 'home.disk': disk, 'store.files': { main, wal } }) => {
    const { freeBytes, totalBytes, freeInodes, totalInodes } = disk;
    const bytes = {
      facts: { freeBytes },
      evidence: from('home.disk', { freeBytes, totalBytes }),
    };
    const inodes = {
      facts: { freeInodes },
      evidence: from('home.disk', { freeInodes, totalInodes }),
    };
    const ledgerBytes = main.size + wal.size;
    const backupBytes = wantedBytes(ledgerBytes, lowDiskBytes);
    const found = [];
    if (freeBytes < criticalDiskBytes) found.push(fail('full', '<coven-home>', bytes));
    else if (freeBytes < lowDiskBytes) found.push(warn('low', '<coven-home>', bytes));
    else if (freeBytes < backupBytes) {
      const evidence = [...bytes.evidence, ...from('store.files', { ledgerBytes })];
      found.push(
        warn('no-room-for-backup', '<coven-home>', {
          facts: { freeBytes, ledgerBytes, backupBytes },
          evidence,
        }),
      );
    }
    if (totalInodes > 0 && freeInodes < fewInodes.fail) found.push(fail('inodes-full', '<coven-home>', inodes));
    else if (totalInodes > 0 && freeInodes < fewInodes.warn) found.push(warn('inodes-low', '<coven-home>', inodes));
    return found.length > 0 ? found : [pass('<coven-home>', bytes)];
  },
});
