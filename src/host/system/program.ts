import { userInfo } from 'node:os';
import { createInterface } from 'node:readline';
import { cpu, mem, processes } from 'systeminformation';
import { endWithParent } from '../../child/end-with-parent.ts';
import type { ListedProcess, MachineFacts, SystemRequest } from './protocol.ts';

/*
 * The process that asks the system. systeminformation starts programs by their names through a shell, so this process has
 * a PATH of the system's folders, no secret in its environment, and a group of its own that is killed as one. osInfo() is
 * not asked: it has the resolver look up this machine's full name, which may ask the network.
 */

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

endWithParent({ group: true });

createInterface({ input: process.stdin }).on('line', async (line) => {
  if ((JSON.parse(line) as SystemRequest) === 'machine') await Promise.all([tellMemory(), tellCpu()]);
  else say(await listProcesses());
});

async function tellMemory(): Promise<void> {
  const { total, available, swaptotal, swapused } = await mem();
  say({ memory: { total, available, swaptotal, swapused } } satisfies Partial<MachineFacts>);
}

async function tellCpu(): Promise<void> {
  const { brand, cores, physicalCores, virtualization } = await cpu();
  say({ cpu: { brand, cores, physicalCores, virtualization } } satisfies Partial<MachineFacts>);
}

async function listProcesses(): Promise<readonly ListedProcess[]> {
  const { list } = await processes();
  const uidOf = knownUsers();
  return list.map(({ pid, parentPid, user, state, started, path, command, params }) => {
    // The library splits path, name and parameters at places of its own: here is the line again.
    const line = `${path ? `${path}/` : ''}${command} ${params}`.trim();
    // As it tells the time, in the zone of the system.
    const at = new Date(started);
    return {
      pid,
      ppid: parentPid,
      uid: uidOf(user),
      state: state === 'zombie' ? 'Z' : state === 'stopped' ? 'T' : 'S',
      startedAt: Number.isNaN(at.getTime()) ? null : at.toISOString(),
      argv: line.split(/ +/),
    };
  });
}

/** ps(1) names users; one without a name is told by its number. */
function knownUsers(): (user: string) => number {
  const uid = process.geteuid?.() ?? -1;
  let own = String(uid);
  try {
    own = userInfo().username;
  } catch {
    // This user has no name.
  }
  return (user) => (user === own ? uid : user === 'root' ? 0 : /^\d+$/.test(user) ? Number(user) : -1);
}
