import type { Facts } from '../model/check.ts';
import { homeWord } from '../model/shell.ts';

/** Commands of Coven that hints advise. What is in their way is a fact of every finding, told by the ids of checks. */
const commands = {
  start: 'coven daemon start',
  restart: 'coven daemon restart',
  stop: 'coven daemon stop',
  vacuum: 'coven vacuum',
} as const;

/**
 * `coven daemon start` and the like; where that is known to fail or to do harm, what is to be done before it. `own` is
 * the check whose hint this is: what it names itself is done by then.
 */
export function toRun(command: keyof typeof commands, facts: Facts, own?: string): string {
  const others = obstacles(command, facts).filter((id) => id !== own);
  const run = commands[command];
  return others.length === 0 ? run : `first what ${others.map(named).join(' and ')} says; then ${run}`;
}

/** `store` is every check of the ledger, where none of them was asked. */
const named = (id: string): string => (id === 'store' ? '`coven-doctor --only store`' : `\`${id}\``);

/** Whether nothing is known to be in the way of a command. */
export const works = (command: keyof typeof commands, facts: Facts): boolean => obstacles(command, facts).length === 0;

function obstacles(command: keyof typeof commands, facts: Facts): readonly string[] {
  const told = facts[`${command}BlockedBy`];
  return typeof told === 'string' && told !== '' ? told.split(', ') : [];
}

/** A restart where a daemon can be told to stop, else the way by hand, which ends its sessions too. */
export function toRestart(facts: Facts): string {
  if (works('restart', facts)) return 'coven daemon restart';
  const answer = ['daemon:health', 'daemon:contract', 'daemon:capabilities'];
  const own = obstacles('restart', facts).find((id) => answer.includes(id));
  if (own === undefined) return toRun('restart', facts);
  const end = facts.daemonPid == null ? 'end the daemon where it runs' : `kill -TERM ${facts.daemonPid}`;
  return `${end}, since Coven’s own stop and restart refuse here; then ${toRun('start', facts, own)}`;
}

/** Stopping the daemon as the first part of a hint; empty where none runs. */
export function stopFirst(facts: Facts): string {
  if (facts.daemonVerdict === 'stopped' || facts.daemonVerdict === 'stale') return '';
  return works('stop', facts) ? 'stop the daemon, then ' : `${toRun('stop', facts)}, then `;
}

/** Coven takes any process of the recorded number for a live daemon; without the record, its start works. */
export const moveRecord = (facts: Facts): string =>
  `mv ${homeWord('daemon.json')} ${homeWord('daemon.json.aside')}; then ${toRun('start', facts, 'daemon:record')}`;

/** What to do before anything is tried on a ledger that is damaged. */
export const preserve = (facts: Facts): string =>
  `${stopFirst(facts)}keep a copy of <coven-home> before anything else is tried`;

/** What gets rows back out of a damaged ledger, whatever else is done: it reads the files, and changes nothing. */
export const seeRescue = '`coven-doctor rescue --dry-run` shows what can be rescued';

/** A restart where a daemon runs, else a start: either has the PATH of today. */
export const serveAnew = (facts: Facts): string =>
  facts.daemonVerdict === 'running' ? toRestart(facts) : toRun('start', facts);

/** Why a daemon that gives no answer may only be slow. */
export const atWork = ({ cpuMs, log, runnable, lateMs, watchedMs, state }: Facts): string => {
  if (runnable) return `it runs, or waits for a processor or a disk (${cpuMs} ms of processor time)`;
  if (Number(cpuMs) >= 100) return `it used ${cpuMs} ms of processor time`;
  if (log) return 'it writes its log';
  if (Number(lateMs) >= 1000)
    return `this machine let the check itself wait for ${Math.round(Number(lateMs) / 1000)} s`;
  return state === null
    ? 'its process could not be watched'
    : `it was watched for ${Math.round(Number(watchedMs ?? 0) / 1000)} s alone`;
};
