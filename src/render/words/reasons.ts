import { command, shellLine } from '../../model/advice.ts';
import type { Facts } from '../../model/check.ts';
import { homeWord } from '../../model/shell.ts';

const at = (path: unknown): string => `<coven-home>/${path}`;
const who = (pid: unknown): string =>
  pid === null || pid === undefined ? 'a process that is not to be seen' : `pid ${pid}`;

/** Why a run, a step or an undo was refused, or taken back, and what to do next. By reason code. */
const reasons: Readonly<Record<string, (facts: Facts) => string>> = {
  platform: ({ platform }) => `repairs need Linux (this is ${platform}); the diagnosis works here`,
  'no-home': () => 'there is no home to repair',
  'home-symlink': () => 'the home is a symlink; name the folder itself with --home or COVEN_HOME',
  'home-shut': () => `this user may not look into the home; first: chmod 700 ${homeWord()}`,
  'foreign-home': ({ uid }) => `the home belongs to uid ${uid}; run as that user: what root makes there locks it out`,
  'home-moved': () => 'the path names another folder by now; run again',
  'other-home': () => 'the plan is of another home; make a new one here',
  'other-boot': () => 'the machine was started anew, or this is another namespace; make a new plan',
  altered: () => 'the plan is not what it was when it was made; make a new one',
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
  drift: ({ path, pid, fields }) =>
    fields === 'taken'
      ? `something else is at ${at(path)} by now; where a daemon made it, stop the daemon, else move it away, and run again`
      : `${path === undefined ? `pid ${pid}` : at(path)} is not as it was (${fields}); run again to see how it is now`,
  'ledger-changed': ({ path }) =>
    `${at('coven.sqlite3')} is not what ${at(path)} lay beside: SQLite would mix the two, and what was written since would be lost`,
  'ledger-elsewhere': ({ to }) =>
    `${at('coven.sqlite3')} is a link to ${to}, which stays as it is; this rescues it into a new file: ${shellLine(command('coven-doctor', 'rescue', '--from', String(to), '-o', 'rescued.sqlite3'))}`,
  'written-since': ({ path, run }) =>
    `${at(path)} was changed after that, and stays; the files of before are in ${at(`doctor/runs/${run}/quarantine`)}; where a session is missing, \`coven-doctor rescue --merge ${run} --dry-run\` shows what they would bring back`,
  linked: ({ path, links }) => `${at(path)} has ${links} names; what is changed there would change elsewhere`,
  'foreign-file': ({ path, uid }) => `${at(path)} belongs to uid ${uid}`,
  risk: ({ risk }) => `it is ${risk}; to agree to that: --allow ${risk}`,
  requires: ({ fix }) => `it rests on the fix of ${fix}, which was not done`,
  backup: ({ why }) => `no proven backup: ${why}`,
  'cannot-rescue': ({ why }) => `no rescued ledger: ${why}`,
  'rescue-differs': () => 'a rescue comes to other rows than the plan shows; run again to see them',
  'not-backed-up': ({ path, why }) => `the backup could not hold ${at(path)} (${why})`,
  'backup-outdated': ({ path }) => `${at(path)} changed after it was backed up; run again`,
  'unsound-ledger': ({ why }) => `the ledger is damaged (${why}), and opening it can make it worse`,
  interrupted: ({ signal }) =>
    signal === undefined ? 'the run was ended' : `the run was ended by ${signal === 'SIGINT' ? 'Ctrl-C' : signal}`,
  io: ({ call, errno }) => `${call} failed with ${errno}`,
  'still-there': ({ pid }) =>
    pid === undefined ? 'the finding is still there after the repair' : `pid ${pid} did not end`,
  'not-verified': () => 'it could not be told whether the repair helped',
  daemon: ({ step, why }) => `${step}: ${why}`,
  'live-session': ({ session, count: more }) =>
    `${typeof more === 'number' && more > 1 ? `${more} sessions live that the plan does not name (${session}, …)` : `session ${session} lives, and the plan does not name it`}; let it end, or make a new plan, which shows what would become of it`,
  'sessions-unseen': () => 'it could not be told which sessions live; run again',
  'cannot-mend': ({ why }) => `no mended copy of the ledger: ${why}`,
  'too-many-runs': ({ most }) =>
    `${at('doctor/runs')} holds more than ${most} runs, or more than 64 MiB of journals; keep the newest there, and move the others to a folder elsewhere`,
  'no-such-run': ({ run }) => `there is no run ${run}; \`coven-doctor runs\` names them`,
  'nothing-to-undo': () => 'no run of this home changed anything',
  'all-undone': ({ run, by }) => `every repair of this home is taken back, the newest (run ${run}) by run ${by}`,
  'already-undone': ({ run, by }) => `run ${run} was taken back by run ${by}`,
  'already-so': ({ run }) => `everything that run ${run} changed is back as it was; there is nothing to do`,
  'not-undoable': () => 'what it did is not ours to take back: what Coven did then is its own',
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
