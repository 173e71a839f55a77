import type { LockHolder, Process, Seen } from '../model/observation.ts';
import { names } from './layout.ts';

/** A daemon of ours runs under one of these, whatever words are between its name and its command. */
const runtimes = /^(?:node|bun|deno)/;

/**
 * Whether a process is certainly no daemon: its command line can be read and is that of another program, and it neither has the
 * ledger open nor listens in the home. In doubt, whoever holds the daemon's lock is the daemon.
 */
const isOtherProgram = ({ role, command, ledgerOpen, listening }: Process): boolean =>
  role === 'other' && command !== '' && !runtimes.test(command) && !ledgerOpen && !listening;

/** Who holds the daemon's lock: a daemon, or some other program, as of somebody who locks the file by hand. */
export function serveLockHolders(
  { files }: Seen<'home.locks'>['home.locks'],
  processes: readonly Process[],
): { readonly daemons: readonly LockHolder[]; readonly others: readonly LockHolder[] } {
  const holders = files.find(({ name }) => name === names.serveLock)?.holders ?? [];
  const isOther = ({ pid }: LockHolder): boolean =>
    processes.some((process) => process.pid === pid && isOtherProgram(process));
  return { daemons: holders.filter((one) => !isOther(one)), others: holders.filter(isOther) };
}
