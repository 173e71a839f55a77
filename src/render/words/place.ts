import type { Facts } from '../../check.ts';
import { count } from '../harmless.ts';
import type { CheckWords } from '../words.ts';
import { stopFirst } from './advice.ts';

const moveHome = (facts: Facts): string =>
  `${stopFirst(facts)}move the home to a local disk, and name it with COVEN_HOME`;

const unexaminedWords: Readonly<Record<string, string>> = {
  platform: 'without /proc, <coven-home>/doctor cannot be examined safely',
  'other-user': 'the home belongs to another user as seen from here',
  error: 'the system refused to read a part of <coven-home>/doctor',
};

/** Words for where a home lives and for the files in it that Coven reads first. */
export const placeWords: Readonly<Record<string, CheckWords>> = {
  'home:filesystem': {
    title: 'The home lives on a local disk that can be written to',
    explain:
      'Every command of Coven, `daemon status` included, sets the mode of the home and fails on a read-only file system, even while a ' +
      'healthy daemon answers. The ledger keeps a write-ahead log in shared memory, which network file systems do not give, and which ' +
      'a synchronising program copies in the middle of a write. What is in memory is gone after the next boot.',
    causes: {
      ok: { message: ({ type }) => `a local file system (${type})` },
      'read-only': {
        message: ({ type }) =>
          `<coven-home> is on a file system that is mounted read-only (${type}); every coven command fails`,
        hint: () =>
          'look at the system log for the reason (a failing disk makes Linux remount it), then mount it for writing',
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
  },
  'home:config': {
    title: 'The configuration files can be parsed',
    explain:
      'With repos.toml broken, Coven’s own doctor ends without any other check; with privacy.toml broken, the daemon calls its storage ' +
      'degraded. What the files say is not judged here.',
    causes: {
      ok: { message: ({ files }) => `${count(files, 'file')} parsed` },
      unparsable: {
        message: ({ name, state, line }) =>
          state === 'unparsable'
            ? `<coven-home>/${name} cannot be parsed${line === null ? '' : `, first at line ${line}`}`
            : `<coven-home>/${name} is ${state === 'too-large' ? 'over 1 MiB' : 'no regular file'}`,
        hint: ({ name }) => `correct <coven-home>/${name}, or move it out of the home`,
      },
      undetermined: {
        message: ({ name }) => `<coven-home>/${name} may not be read by this user`,
        hint: () => 'run as the owner of the home',
      },
    },
  },
  'home:reset': {
    title: 'No reset was cut off',
    explain:
      'While reset-transaction.json is there, every command of Coven refuses. It names what was to be moved where; without it the reset ' +
      'could be neither finished nor understood, so it is not to be removed.',
    causes: {
      ok: { message: () => 'no reset is under way' },
      interrupted: {
        message: ({ modifiedAt }) => `a reset was cut off (${modifiedAt}); every coven command refuses`,
        hint: () => 'run that `coven reset … --apply` again; do not remove <coven-home>/reset-transaction.json',
      },
      undetermined: {
        message: () => 'it cannot be seen whether a reset is under way',
        hint: () => 'run as the owner of the home',
      },
    },
  },
  'home:repairs': {
    title: 'No repair was cut off',
    explain:
      'A repair writes down each step before it takes it, in <coven-home>/doctor. One that was cut off is finished or taken back by the ' +
      'next --fix, apply or undo; a diagnosis only tells of it. What others can write to there counts for nothing.',
    causes: {
      ok: { message: () => 'none was cut off' },
      unfinished: {
        message: ({ run, at }) => `the repair ${run} was cut off${at === null ? '' : ` (${at})`}`,
        hint: () => 'run --fix: it finishes that repair or takes it back before anything else',
      },
      'changed-since': {
        message: ({ run, changed }) =>
          `the repair ${run} was cut off, and <coven-home>/${changed} was changed after that; the files of before are in <coven-home>/doctor/runs/${run}/quarantine`,
        hint: () =>
          'run --fix: it ends that repair, and keeps what was written since with every session that is in view',
      },
      'not-private': {
        message: ({ notOurs }) =>
          `<coven-home>/doctor is not the user's alone (${notOurs}); no repair will begin beside it`,
        hint: () =>
          'see who owns what is in <coven-home>/doctor and who can write there, and make it yours alone; keep it where it is, since it holds your backups',
      },
      undetermined: {
        message: ({ unexamined }) =>
          `it cannot be told whether a repair was cut off: ${unexaminedWords[String(unexamined)] ?? 'unknown'}; your backups in <coven-home>/doctor stay as they are`,
      },
    },
  },
  'home:locks': {
    title: 'The lock files are regular files of their own',
    explain:
      'Coven locks whole files with flock(2) and refuses one that is a symlink, no regular file, or known by a second name. Who holds a ' +
      'lock is shown with --verbose; a held lock is no fault.',
    causes: {
      ok: { message: ({ held }) => (held ? `held: ${held}` : 'none is held') },
      'not-regular': {
        message: ({ name, kind }) => `<coven-home>/${name} is a ${kind}, not a regular file`,
        hint: ({ name }) =>
          `with no coven process alive, move <coven-home>/${name} out of the home; Coven makes it anew`,
      },
      linked: {
        message: ({ name, links }) => `<coven-home>/${name} has ${links} names, so a process may lock it elsewhere`,
        hint: ({ name }) =>
          `with no coven process alive, move <coven-home>/${name} out of the home; Coven makes it anew`,
      },
    },
  },
};
