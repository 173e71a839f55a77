import { criticalDiskBytes, lowDiskBytes } from '../src/coven/contract.ts';
import { fewInodes, isFull, backupBytes as wantedBytes } from '../src/coven/limits.ts';
import { command } from '../src/model/advice.ts';
import { bytes, count } from '../src/model/amounts.ts';
import { defineCheck, fail, from, pass, warn } from '../src/model/check.ts';
import { roomRemedy } from '../src/repair/remedies/home.ts';

/** Room for bytes and files. Below 256 MiB Coven stops its maintenance and then fails to record sessions. */
export const homeDisk = defineCheck({
  id: 'home:disk',
  category: 'home',
  title: 'There is room for bytes and files',
  explain:
    'Below 256 MiB of free space Coven stops its maintenance, calls its storage critical, and soon fails to record sessions; ' +
    'below 1 GiB it warns. A backup needs twice the ledger above that.',
  causes: {
    ok: { message: ({ freeBytes }) => `${bytes(freeBytes)} are free` },
    full: {
      message: ({ freeBytes }) =>
        isFull(freeBytes)
          ? `the disk is full: ${bytes(freeBytes)} are free, and sessions cannot be recorded`
          : `the disk is short of space: ${bytes(freeBytes)} are free, and below 256 MiB Coven stops its maintenance; sessions work until it is full`,
      hint: () => ['Free space on the file system of the home, which this names:', command('df', '-h', '<coven-home>')],
      remedy: roomRemedy,
    },
    low: {
      message: ({ freeBytes }) => `the disk is nearly full: ${bytes(freeBytes)} are free, and Coven warns below 1 GiB`,
      hint: () => ['Free space on the file system of the home, which this names:', command('df', '-h', '<coven-home>')],
      remedy: roomRemedy,
    },
    'no-room-for-backup': {
      message: ({ freeBytes, ledgerBytes, backupBytes }) =>
        `there is no room for a backup: the ledger (${bytes(ledgerBytes)}) needs ${bytes(backupBytes)}, and ${bytes(freeBytes)} are free`,
      hint: () => 'Free space before any repair or upgrade.',
      follows: ['home:disk low', 'home:disk full', 'upgrade:room no-room-for-migration'],
      remedy: roomRemedy,
    },
    'inodes-full': {
      message: ({ freeInodes }) => `the file system has no inodes for new files: ${count(freeInodes, 'inode')} left`,
      hint: () => [
        'Remove files on the file system of the home, which this names:',
        command('df', '-i', '<coven-home>'),
      ],
    },
    'inodes-low': {
      message: ({ freeInodes }) => `the file system is running out of inodes: ${count(freeInodes, 'inode')} left`,
      hint: () => [
        'Remove files on the file system of the home, which this names:',
        command('df', '-i', '<coven-home>'),
      ],
    },
  },
  needs: ['home.disk', 'store.files'],
  wants: ['home.runs'],
  judge: ({ 'home.disk': disk, 'store.files': { main, wal }, 'home.runs': runs }) => {
    const { freeBytes, totalBytes, freeInodes, totalInodes } = disk;
    const bytes = {
      facts: { freeBytes, spareBackups: runs?.spareBackups ?? 0 },
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
          facts: { ...bytes.facts, ledgerBytes, backupBytes },
          evidence,
        }),
      );
    }
    if (totalInodes > 0 && freeInodes < fewInodes.fail) found.push(fail('inodes-full', '<coven-home>', inodes));
    else if (totalInodes > 0 && freeInodes < fewInodes.warn) found.push(warn('inodes-low', '<coven-home>', inodes));
    return found.length > 0 ? found : [pass('<coven-home>', bytes)];
  },
});
