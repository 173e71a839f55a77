import { criticalDiskBytes, lowDiskBytes } from '../src/coven/contract.ts';
import { fewInodes, backupBytes as wantedBytes } from '../src/coven/limits.ts';
import { roomRemedy } from '../src/fix/remedies/home.ts';
import { bytes, count } from '../src/model/amounts.ts';
import { defineCheck, fail, from, pass, warn } from '../src/model/check.ts';
import { homeWord } from '../src/model/shell.ts';

/** Room for bytes and files. Below 256 MiB Coven stops its maintenance and then fails to record sessions. */
export const homeDisk = defineCheck({
  id: 'home:disk',
  category: 'home',
  title: 'There is room for bytes and files',
  explain:
    'Below 256 MiB of free space Coven stops its maintenance, calls its storage critical, and soon fails to record sessions; ' +
    'below 1 GiB it warns. A backup needs twice the ledger above that.',
  causes: {
    ok: { message: ({ freeBytes }) => `${bytes(freeBytes)} free` },
    full: {
      message: ({ freeBytes }) => `only ${bytes(freeBytes)} free; Coven stops its maintenance below 256 MiB`,
      hint: () => `free space on the file system of the home, which this names: df -h ${homeWord()}`,
      remedy: roomRemedy,
    },
    low: {
      message: ({ freeBytes }) => `${bytes(freeBytes)} free, below the 1 GiB at which Coven warns`,
      hint: () => `free space on the file system of the home, which this names: df -h ${homeWord()}`,
      remedy: roomRemedy,
    },
    'no-room-for-backup': {
      message: ({ freeBytes, ledgerBytes, backupBytes }) =>
        `${bytes(freeBytes)} free; a backup of the ledger (${bytes(ledgerBytes)}) needs ${bytes(backupBytes)}`,
      hint: () => 'free space before any repair or upgrade',
      follows: ['home:disk low', 'home:disk full', 'upgrade:room no-room-for-migration'],
      remedy: roomRemedy,
    },
    'inodes-full': {
      message: ({ freeInodes }) => `only ${count(freeInodes, 'inode')} left; files can hardly be made any more`,
      hint: () => `remove files on the file system of the home, which this names: df -i ${homeWord()}`,
    },
    'inodes-low': {
      message: ({ freeInodes }) => `${count(freeInodes, 'inode')} left`,
      hint: () => `remove files on the file system of the home, which this names: df -i ${homeWord()}`,
    },
  },
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
