import { basename } from 'node:path';
import { processes } from 'systeminformation';
import type { DaemonRecord, Home, Machine, Process, Processes } from '../observation.ts';
import { roleOf } from './processes.ts';

/**
 * Processes where there is no /proc: daemons by their command line, and the one that daemon.json names. Environments,
 * locks and open files are not to be seen there, so that whatever rests on them stays unknown.
 */
export async function seeProcessesPortably(home: Home, record: DaemonRecord, machine: Machine): Promise<Processes> {
  const { list } = await processes();
  const found = list.map((item): Process => {
    const argv = [item.path || item.name, ...item.params.split(' ')];
    const started = new Date(item.started);
    return {
      pid: item.pid,
      innerPid: item.pid,
      ppid: item.parentPid,
      startTicks: '0',
      startedAt: Number.isNaN(started.getTime()) ? null : started.toISOString(),
      uid: home.uid ?? machine.uid,
      state: item.state === 'zombie' ? 'Z' : item.state === 'stopped' ? 'T' : 'S',
      sessionLeader: false,
      deadTerminal: false,
      role: roleOf(argv, false, false),
      command: basename(item.name),
      ownerPid: null,
      managedStartedAt: argv[argv.indexOf('--managed-started-at') + 1] ?? null,
      home: 'unreadable',
      sessionId: null,
      standalone: false,
      ledgerOpen: false,
      listening: false,
      own: item.pid === process.pid,
    };
  });
  return { list: found.filter(({ pid, role }) => pid === record.pid || role === 'serve'), complete: false };
}
