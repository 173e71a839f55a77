import { basename } from 'node:path';
import type { DaemonRecord, Process, Processes } from '../model/observation.ts';
import { CannotSee } from './host.ts';
import { roleOf } from './roles.ts';
import { askProcesses } from './system/ask.ts';
import type { ListedProcess } from './system/protocol.ts';

/**
 * Processes where there is no /proc: daemons by their command line, and the one that daemon.json names. Environments,
 * locks and open files are not to be seen there, so that whatever rests on them stays unknown.
 */
export async function seeProcessesPortably(record: DaemonRecord, signal: AbortSignal): Promise<Processes> {
  const list = await askProcesses(signal);
  if (!list) throw new CannotSee('no-process-list', 'there is no /proc, and ps(1) listed no processes in time');
  const found = list.map(seen);
  return { list: found.filter(({ pid, role }) => pid === record.pid || role === 'serve'), complete: false };
}

/** A listed process, and of all that is not listed that it is not known. */
export function seen({ argv, ...listed }: ListedProcess): Process {
  return {
    ...listed,
    innerPid: listed.pid,
    startTicks: '0',
    sessionLeader: false,
    deadTerminal: false,
    role: roleOf(argv, false, false),
    command: basename(argv[0] ?? ''),
    ownerPid: null,
    home: 'unreadable',
    sessionId: null,
    standalone: false,
    ledgerOpen: false,
    listening: false,
    own: listed.pid === process.pid,
  };
}
