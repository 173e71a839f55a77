import { bytes, count } from '../harmless.ts';
import { homeWord } from '../shell.ts';
import type { CheckWords } from '../words.ts';

export const homeWords: Readonly<Record<string, CheckWords>> = {
  'home:path': {
    title: 'The home is a real directory that Coven can use',
    explain:
      'Coven refuses a home that is a symlink, and dies late and without a reason where the path of its socket passes the ' +
      'limit of the system (107 bytes on Linux, 103 on macOS). A home that is not there yet is fine: the first command makes it.',
    causes: {
      ok: {
        message: ({ absent }) =>
          absent ? 'there is no Coven home here yet; the first coven command creates it' : 'a real directory',
      },
      'cannot-create': {
        message: () =>
          'there is no Coven home at <coven-home>, and it cannot be created: no folder above it can be written to',
        hint: () => 'make a folder above it writable for you, or set COVEN_HOME to another path',
      },
      'not-a-directory': {
        message: ({ kind }) => `<coven-home> is a ${kind}, not a directory`,
        hint: () => 'move it away, or name another home with COVEN_HOME',
      },
      symlink: {
        message: () => '<coven-home> is a symlink, which every coven command refuses',
        hint: () => 'set COVEN_HOME to the folder that the symlink leads to',
      },
      'not-utf8': {
        message: () => 'the path of the home is not valid UTF-8, which Coven refuses',
        hint: () => 'choose another path and set COVEN_HOME to it',
      },
      'socket-path-too-long': {
        message: ({ bytes, limit }) =>
          `the socket path has ${bytes} bytes and the system allows ${limit}; no daemon can start here`,
        hint: () => 'choose a shorter path and set COVEN_HOME to it',
      },
    },
  },
  'home:owner': {
    title: 'The home and what is in it belong to you',
    explain:
      'Coven refuses a home or a lock of another user, and cannot write what another user owns. The usual cause is a coven ' +
      'command run once with sudo. Run as root over the home of another user, the doctor only diagnoses.',
    causes: {
      ok: {
        message: ({ examined, complete }) =>
          `${complete ? 'all' : 'the first'} ${count(examined, 'entry', 'entries')} examined belong to its owner`,
      },
      'foreign-owner': {
        message: ({ uid, me }) => `the home belongs to uid ${uid}; you are uid ${me}`,
        hint: ({ uid }) => `run as uid ${uid}, or set COVEN_HOME to a folder of your own`,
      },
      'foreign-entries': {
        message: ({ count: n, name, uid, owner }) =>
          `${count(n, 'entry belongs', 'entries belong')} to another user than the home (uid ${owner}), first ${name} (uid ${uid})`,
        hint: ({ owner, name }) => `as root, for each entry: chown -h ${owner} ${homeWord(name)}`,
      },
      elevated: {
        message: ({ uid, me }) =>
          `you are uid ${me} and the home belongs to uid ${uid}; what you create there locks its owner out`,
        hint: ({ uid }) => `run Coven and the doctor as uid ${uid}`,
      },
      undetermined: {
        message: ({ count: n, name }) => `${count(n, 'entry', 'entries')} could not be examined, first ${name}`,
        hint: () => 'run as the owner of the home',
      },
    },
  },
  'home:mode': {
    title: 'The home is private to its owner',
    explain:
      'The home keeps everything in it private by its mode 0700; the ledger and the log inside it are normally 0644, which is no ' +
      'fault. Every coven command sets the home back to 0700 by itself.',
    causes: {
      ok: { message: ({ mode }) => `private (${mode})` },
      'writable-by-others': {
        message: ({ mode }) => `other users may write into the home (${mode})`,
        hint: () => `chmod 0700 ${homeWord()}`,
      },
      'readable-by-others': {
        message: ({ mode }) => `other users may look into the home (${mode})`,
        hint: () => `chmod 0700 ${homeWord()}`,
      },
      'not-writable': {
        message: ({ mode }) => `its own owner may not use the home (${mode})`,
        hint: () => `chmod 0700 ${homeWord()}`,
      },
      'entry-open': {
        message: ({ name, mode, count: n }) =>
          `${count(n, 'private entry is', 'private entries are')} open to other users, first ${name} (${mode})`,
        hint: ({ name, expected }) => `chmod ${expected} ${homeWord(name)}`,
      },
    },
  },
  'home:disk': {
    title: 'There is room for bytes and files',
    explain:
      'Below 256 MiB of free space Coven stops its maintenance, calls its storage critical, and soon fails to record sessions; ' +
      'below 1 GiB it warns. A backup needs twice the ledger above that.',
    causes: {
      ok: { message: ({ freeBytes }) => `${bytes(freeBytes)} free` },
      full: {
        message: ({ freeBytes }) => `only ${bytes(freeBytes)} free; Coven stops its maintenance below 256 MiB`,
        hint: () => 'free space on the file system of the home, then run the doctor again',
      },
      low: {
        message: ({ freeBytes }) => `${bytes(freeBytes)} free, below the 1 GiB at which Coven warns`,
        hint: () => 'free space on the file system of the home',
      },
      'no-room-for-backup': {
        message: ({ freeBytes, ledgerBytes, backupBytes }) =>
          `${bytes(freeBytes)} free; a backup of the ledger (${bytes(ledgerBytes)}) needs ${bytes(backupBytes)}`,
        hint: () => 'free space before any repair or upgrade',
      },
      'inodes-full': {
        message: ({ freeInodes }) => `only ${count(freeInodes, 'inode')} left; files can hardly be made any more`,
        hint: () => 'remove files on the file system of the home',
      },
      'inodes-low': {
        message: ({ freeInodes }) => `${count(freeInodes, 'inode')} left`,
        hint: () => 'remove files on the file system of the home',
      },
    },
  },
};
