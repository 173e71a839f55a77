import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { DaemonRecord, Process, Processes } from '../observation.ts';
import { systemEnv, systemProgram } from '../programs.ts';
import { roleOf } from './processes.ts';

const listLimit = 16 * 1024 ** 2;
const patienceMs = 5000;

/**
 * Processes where there is no /proc: daemons by their command line, and the one that daemon.json names. Environments,
 * locks and open files are not to be seen there, so that whatever rests on them stays unknown.
 */
export async function seeProcessesPortably(record: DaemonRecord): Promise<Processes> {
  const fields = 'pid=,ppid=,uid=,state=,lstart=,args=';
  const limits = { maxBuffer: listLimit, timeout: patienceMs };
  const { stdout } = await promisify(execFile)(systemProgram('ps'), ['-axww', '-o', fields], {
    ...limits,
    // Times are told in the zone of the environment.
    env: { ...systemEnv, TZ: 'UTC' },
    cwd: '/',
  });
  const found = parseList(stdout);
  return { list: found.filter(({ pid, role }) => pid === record.pid || role === 'serve'), complete: false };
}

/** What ps(1) lists, a process a line: `  812     1   501 Ss   Thu Nov 26 17:16:22 2026 /usr/bin/coven daemon serve`. */
export function parseList(text: string): readonly Process[] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/ +/);
    const [pid = '', ppid = '', uid = '', state = ''] = words;
    const argv = words.slice(9);
    const started = Date.parse(`${words.slice(4, 9).join(' ')} UTC`);
    if (![pid, ppid, uid].every((number) => /^\d+$/.test(number))) return [];
    return {
      pid: Number(pid),
      innerPid: Number(pid),
      ppid: Number(ppid),
      startTicks: '0',
      startedAt: Number.isNaN(started) ? null : new Date(started).toISOString(),
      uid: Number(uid),
      state: /^[ZT]/.exec(state)?.[0] ?? 'S',
      sessionLeader: false,
      deadTerminal: false,
      role: roleOf(argv, false, false),
      command: basename(argv[0] ?? ''),
      ownerPid: null,
      managedStartedAt: argv[argv.indexOf('--managed-started-at') + 1] ?? null,
      home: 'unreadable' as const,
      sessionId: null,
      standalone: false,
      ledgerOpen: false,
      listening: false,
      own: Number(pid) === process.pid,
    };
  });
}
