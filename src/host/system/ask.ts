import { type Child, startChild } from '../../child/child.ts';
import { shortLived } from '../../child/short-lived.ts';
import { systemEnv } from '../../programs.ts';
import type { ListedProcess, MachineFacts, SystemRequest } from './protocol.ts';

const machineMs = 5000;
const processesMs = 8000;

/** Whoever runs here chooses the command lines of a list of processes, as long as the kernel lets them be. */
const memoryBytes = 320 * 1024 ** 2;
const heapMegabytes = 192;

/** Facts of this machine; what is not told in time is missing. Never rejects. */
export async function askMachine(signal: AbortSignal): Promise<Partial<MachineFacts>> {
  return withChild('machine', async (child) => {
    let facts: Partial<MachineFacts> = {};
    while (!facts.cpu || !facts.memory) {
      const line = await child.line(machineMs, signal, 'effort');
      if (typeof line === 'string') break;
      facts = { ...facts, ...(JSON.parse(line.text) as Partial<MachineFacts>) };
    }
    return facts;
  });
}

/** Every process that ps(1) lists; null where it was not to be had in time. Never rejects. */
export async function askProcesses(signal: AbortSignal): Promise<readonly ListedProcess[] | null> {
  return withChild('processes', async (child) => {
    const line = await child.line(processesMs, signal, 'effort');
    const list = typeof line === 'string' ? [] : (JSON.parse(line.text) as readonly ListedProcess[]);
    // Whatever the system is: this process is among them.
    return list.length === 0 ? null : list;
  });
}

async function withChild<T>(request: SystemRequest, ask: (child: Child) => Promise<T>): Promise<T> {
  const child = startChild('system', {
    env: systemEnv,
    group: true,
    nodeOptions: shortLived(heapMegabytes),
    memoryBytes,
  });
  try {
    child.tell(JSON.stringify(request));
    return await ask(child);
  } finally {
    await child.kill();
  }
}
