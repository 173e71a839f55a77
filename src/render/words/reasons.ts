import { command, shellLine } from '../../model/advice.ts';
import type { Facts } from '../../model/check.ts';
import { homeWord } from '../../model/shell.ts';

const at = (path: unknown): string => `<coven-home>/${path}`;
const who = (pid: unknown): string =>
  pid === null || pid === undefined ? 'a process that cannot be seen from here' : `pid ${pid}`;

/** Why a run, a step or an undo was refused or rolled back, and what to do next, by reason code. */
const reasons: Readonly<Record<string, (facts: Facts) => string>> = {
  platform: ({ platform }) => `repairs need Linux (this is ${platform}); the diagnosis works here`,
  'no-home': () => 'there is no home to repair',
  'home-symlink': () => 'the home is a symlink; name the folder itself with --home or COVEN_HOME',
  'home-shut': () => `this user may not read the home; first: chmod 700 ${homeWord()}`,
  'foreign-home': ({ uid }) =>
    `the home belongs to uid ${uid}; run as that user: files that root creates there lock that user out`,
  'home-moved': () => 'the path now names another folder; run this again',
  'other-home': () => 'the plan is of another home; make a new one here',
  'other-boot': () => 'the machine was restarted, or this is another namespace; make a new plan',
  altered: () => 'the plan was changed after it was made; make a new one',
  expired: ({ at: when }) => `the plan expired at ${when}; make a new one`,
  'not-private': ({ path, why }) =>
    `${at(path)} is not the user's alone (${why}); make it yours alone, and keep it: <coven-home>/doctor holds your backups`,
  'second-doctor': ({ pid }) => `another coven-doctor works on this home (${who(pid)}); wait until it has ended`,
  'lock-held': ({ lock, pid }) => `${who(pid)} holds ${at(lock)}; let it finish, or stop the daemon, and run again`,
  'lock-invalid': ({ lock, why }) => `${at(lock)} is no lock file of this user (${why})`,
  'lock-replaced': ({ lock }) => `${at(lock)} was replaced meanwhile; run again`,
  'cannot-lock': ({ lock, why }) => `${at(lock)} cannot be locked: ${why}`,
  'journal-damaged': ({ run, path, line }) =>
    `the journal of run ${run} is damaged (line ${line} of ${at(path)}); keep ${at('doctor')} for support`,
  // `item`: an undo would put a ledger that lies in a quarantine in the place of one that was written to since.
  drift: ({ path, pid, fields, item }) =>
    item !== undefined
      ? `${at(path)} was written to since that run (${fields}): an undo would put what was written out of sight`
      : fields === 'taken'
        ? `${at(path)} exists again; if a daemon wrote it, stop the daemon, else move the file away; then run this again`
        : `${path === undefined ? `pid ${pid}` : at(path)} changed meanwhile (${fields}); run this again to see how it is now`,
  'ledger-changed': ({ path }) =>
    `${at('coven.sqlite3')} is not what ${at(path)} lay beside: SQLite would mix the two, and what was written since would be lost`,
  'ledger-elsewhere': ({ to }) =>
    `${at('coven.sqlite3')} is a link to ${to}, which stays as it is; this rescues it into a new file: ${shellLine(command('coven-doctor', 'rescue', '--from', String(to), '-o', 'rescued.sqlite3'))}`,
  'written-since': ({ path, run }) =>
    `${at(path)} was changed after that, and stays; the files of before are in ${at(`doctor/runs/${run}/quarantine`)}; where a session is missing, \`coven-doctor rescue --merge ${run} --dry-run\` shows what they would bring back`,
  linked: ({ path, links }) => `${at(path)} has ${links} names; what is changed there would change elsewhere`,
  'foreign-file': ({ path, uid }) => `${at(path)} belongs to uid ${uid}`,
  risk: ({ risk }) => `it is ${risk}; to allow that, add: --allow ${risk}`,
  requires: ({ fix }) => `it needs the fix of ${fix} first, which was not done`,
  backup: ({ why }) => `no proven backup: ${why}`,
  'cannot-rescue': ({ why }) => `no rescued ledger: ${why}`,
  'rescue-differs': () => 'a rescue finds other rows than the plan shows; run this again to see them',
  'not-backed-up': ({ path, why }) => `the backup could not hold ${at(path)} (${why})`,
  'backup-outdated': ({ path }) => `${at(path)} changed after it was backed up; run again`,
  'unsound-ledger': ({ why }) => `the ledger is damaged (${why}), and opening it can make it worse`,
  interrupted: ({ signal }) =>
    signal === undefined ? 'the run was ended' : `the run was ended by ${signal === 'SIGINT' ? 'Ctrl-C' : signal}`,
  io: ({ call, errno }) => `${call} failed with ${errno}`,
  'still-there': ({ pid }) =>
    pid === undefined ? 'the finding is still there after the repair' : `pid ${pid} did not end`,
  'not-verified': () => 'whether the repair helped could not be determined',
  daemon: ({ step, why }) => `${step}: ${why}`,
  'live-session': ({ session, count: more }) =>
    `${typeof more === 'number' && more > 1 ? `${more} sessions are running that the plan does not name (${session}, …)` : `session ${session} is running, and the plan does not name it`}; let it end, or make a new plan, which shows what happens to it`,
  'sessions-unseen': () => 'which sessions are running could not be determined; run this again',
  'cannot-mend': ({ why }) => `no mended copy of the ledger: ${why}`,
  'too-many-runs': ({ most }) =>
    `${at('doctor/runs')} holds more than ${most} runs, or more than 64 MiB of journals; keep the newest there, and move the others to a folder elsewhere`,
  'no-such-run': ({ run }) => `there is no run ${run}; \`coven-doctor runs\` names them`,
  'nothing-to-undo': () => 'no run of this home changed anything',
  'all-undone': ({ run, by }) => `every repair of this home is taken back, the newest (run ${run}) by run ${by}`,
  'already-undone': ({ run, by }) => `run ${run} was taken back by run ${by}`,
  'already-so': ({ run }) => `everything that run ${run} changed is back as it was; there is nothing to do`,
  'not-undoable': () => 'what it did cannot be undone',
  'unfinished-restore': ({ why }) => `a restore was cut off and cannot be taken back now: ${why}`,
  unfinished: ({ run, why }) =>
    `run ${run} was cut off and cannot be taken back now (${why}); run --fix once that is over`,
};

export function reasonWords(code: string, facts: Facts): string {
  const said = reasons[code]?.(facts) ?? code;
  if (facts.left === 'not-undoable') return `${said}; what was done cannot be taken back`;
  return facts.left === undefined
    ? said
    : `${said}; left behind at ${facts.leftAt ?? 'an unknown place'} (${facts.left})`;
}
