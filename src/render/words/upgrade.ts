import { bytes, count } from '../harmless.ts';
import type { Cause, CheckWords } from '../words.ts';

/** What is told where a daemon does not answer. */
export const noAnswer: Cause = {
  message: ({ reason }) => `the daemon could not be asked${reason ? ` (${reason})` : ''}`,
  hint: () => 'ask again once the daemon answers; what it keeps is known from its answer alone',
};

export const versionOf = (version: unknown): string => (version === null ? 'an unknown version' : `Coven ${version}`);

/** Words for what is asked before an upgrade. */
export const upgradeWords: Readonly<Record<string, CheckWords>> = {
  'upgrade:quiet': {
    title: 'No other command is at work on the home',
    explain:
      'A reset or a repair holds `state.lock` to itself, and a start, stop or restart of the daemon `daemon.lock`, for as long as it works. ' +
      'An upgrade in the middle of one meets half of it.',
    causes: {
      ok: { message: () => 'no other command is at work' },
      locked: {
        message: ({ lock, pid }) => `${lock} is held by ${pid ? `pid ${pid}` : 'a process that is not seen here'}`,
        hint: () => 'wait until that command has ended, and ask again',
      },
      unseen: {
        message: () => 'locks are not to be seen on this machine, so that no command is proven to be at rest',
        hint: () => 'see to it that no coven command is at work, and leave this check out with --skip',
      },
    },
  },
  'upgrade:sessions': {
    title: 'No live session would be ended',
    explain:
      'An upgrade takes a restart. That ends every session of the daemon, whose rows become `orphaned`, and also calls the row of a live ' +
      '`coven run` orphaned, though it goes on. A session is live by the same proof as in `sessions:orphaned`.',
    causes: {
      ok: { message: () => 'no session is live' },
      'live-sessions': {
        message: ({ live, ids }) =>
          `${count(live, 'session is', 'sessions are')} live (${ids}); a restart ends what the daemon runs, and calls the rest orphaned`,
        hint: () => 'let them finish, or end them, first; --wait-idle 10m waits for that',
      },
      'live-runs': {
        message: ({ runs }) =>
          `${count(runs, '`coven run` is', '`coven run` are')} live, and no row tells which session is whose`,
        hint: () => 'finish them first; --wait-idle 10m waits for them',
      },
      waiting: {
        message: ({ created }) => `${count(created, 'session is', 'sessions are')} about to begin`,
        hint: () => 'wait until they have begun and ended',
      },
      undetermined: {
        message: ({ doubtful, code }) =>
          code
            ? `the rows could not be read (${code})`
            : `of ${count(doubtful ?? 0, 'running row')} it cannot be told whether it lives`,
        hint: () => '`sessions:orphaned` says why; an upgrade that does not know what it ends should wait',
      },
    },
  },
  'upgrade:target': {
    title: 'What would run next is no older than what runs',
    explain:
      'Coven migrates its ledger when it opens it, and has no guard against going back: an older one opens it in silence, ignores what it ' +
      'does not know, or ends in the middle of its start. The ledger carries no version; columns that no Coven of the target’s version ' +
      'makes tell of a later one.',
    causes: {
      ok: {
        message: ({ current, next, asked }) =>
          asked
            ? `from ${versionOf(current)} to ${next}`
            : `a restart would run ${versionOf(next)}; ${versionOf(current)} ran last`,
      },
      'nothing-to-upgrade': {
        message: () => 'there is no home here',
        hint: () => 'look at --home and COVEN_HOME; a machine without a home needs no preflight',
      },
      'no-target': { message: () => 'not asked: no --target-version, and no Coven is on PATH' },
      downgrade: {
        message: ({ current, next, asked }) =>
          `${versionOf(current)} has written the ledger, and ${asked ? 'the target' : 'the one on PATH'}, ${next}, is older`,
        hint: () => 'keep the newer one; to go back, restore a backup of before the upgrade',
      },
      'newer-schema': {
        message: ({ next, columns }) => `the ledger has columns that Coven ${next} does not make (${columns})`,
        hint: () => 'use the version that made them, or a later one',
      },
      'same-version': {
        message: ({ current }) => `${versionOf(current)} is what there is already; there is nothing to upgrade`,
        hint: () => 'look at --target-version',
      },
      'no-version': {
        message: ({ current, next }) => `${versionOf(current)} and ${versionOf(next)} cannot be compared`,
        hint: () =>
          'ask while the daemon runs, or put the `coven` that serves this home on PATH; what ran last is known from these alone',
      },
      'no-answer': noAnswer,
    },
  },
  'upgrade:binaries': {
    title: 'The `coven` that is upgraded is the one that runs',
    explain:
      'A restart runs the first `coven` on PATH. A target that is installed behind it is installed in vain, and a daemon that was started ' +
      'from another place is not what an upgrade of that one changes.',
    causes: {
      ok: { message: ({ first, program }) => String(first ?? program) },
      'no-coven': { message: () => 'not asked: no `coven` is on PATH, and none runs' },
      'shadowed-target': {
        message: ({ first, version, hidden, targetVersion }) =>
          `${hidden} is Coven ${targetVersion}, and ${first}${version === null ? '' : ` (${version})`} is run instead`,
        hint: () => 'remove the one that is not wanted, or put its folder behind the other on PATH',
      },
      'runs-another': {
        message: ({ first, program, pid }) =>
          `the daemon (pid ${pid}) runs ${program}; ${first === null ? 'no `coven` is on PATH' : `\`coven\` on PATH is ${first}`}`,
        hint: () => 'upgrade the one that the daemon is started from, by its service or by the PATH of who starts it',
      },
      undetermined: {
        message: ({ pid }) => `what the daemon (pid ${pid ?? 'unknown'}) runs cannot be seen`,
        hint: () => 'run the doctor as the user of the daemon, in its namespace',
      },
    },
  },
  'upgrade:room': {
    title: 'There is room for a backup and a migration',
    explain:
      'A backup is proven by a second copy. A migration that rewrites a table writes it into the WAL and then into the ledger. Both ' +
      'together may take four times the ledger, and 1 GiB is kept free, below which Coven calls its storage a warning.',
    causes: {
      ok: {
        message: ({ freeBytes, neededBytes }) =>
          `${bytes(freeBytes)} free of the ${bytes(neededBytes)} that it may take`,
      },
      'no-room-for-migration': {
        message: ({ freeBytes, ledgerBytes, neededBytes }) =>
          `${bytes(freeBytes)} are free; a ledger of ${bytes(ledgerBytes)} may take ${bytes(neededBytes)} with its backup`,
        hint: () => 'free space on the file system of the home, or keep the backup on another one (--backup-dir)',
      },
      undetermined: {
        message: () => 'the ledger may not be read by this user',
        hint: () => 'run the doctor as the owner of the home',
      },
    },
  },
  'upgrade:contract': {
    title: 'The daemon keeps the contract of its clients',
    explain:
      'Clients must fail closed on any contract but exactly the one that they support: that of --contract, or of before.',
    causes: {
      ok: { message: ({ apiVersion }) => String(apiVersion) },
      differs: {
        message: ({ apiVersion, wanted }) =>
          `the daemon speaks ${apiVersion ?? 'no contract'}; its clients keep ${wanted}`,
        hint: () => 'update the clients to that contract before they are used again, or keep a daemon of theirs',
      },
      'no-answer': noAnswer,
    },
  },
  'upgrade:capabilities': {
    title: 'What the clients need is announced',
    explain:
      'The names of --require are looked for in the health answer, where `false` and an empty list count as missing, and in the catalogue.',
    causes: {
      ok: { message: ({ required }) => String(required || 'nothing is required') },
      missing: {
        message: ({ missing }) => `not announced: ${missing}`,
        hint: () => 'the clients that need it must not be used with this daemon',
      },
      unanswered: {
        message: ({ missing }) => `not in the health answer: ${missing}; the catalogue was not answered`,
        hint: () => 'ask again once the daemon answers',
      },
      'no-answer': noAnswer,
    },
  },
};
