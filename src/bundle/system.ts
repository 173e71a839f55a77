import { arch, cpus, release, totalmem, uptime, version } from 'node:os';
import { patience, within } from '../deadline.ts';
import { packageRoot, tool } from '../host/package.ts';

const patienceMs = 2000;

/**
 * Facts of this machine that say nothing of whose it is. What the platform's own tools do not tell in time is null.
 * systeminformation runs some of them, none of which is Coven.
 */
export async function seeSystem(signal: AbortSignal): Promise<object> {
  const si = await import('systeminformation');
  const ask = <T, U>(question: Promise<T>, pick: (answer: T) => U): Promise<U | null> =>
    within(
      question.then(pick, () => null),
      patienceMs,
      signal,
      () => null,
      patience,
    );
  const [os, cpu, memory, load] = await Promise.all([
    ask(si.osInfo(), ({ platform, distro, release, kernel, arch, codename }) => ({
      platform,
      distro,
      release,
      codename,
      kernel,
      arch,
    })),
    ask(si.cpu(), ({ brand, cores, physicalCores, virtualization }) => ({
      brand,
      cores,
      physicalCores,
      virtualization,
    })),
    ask(si.mem(), ({ total, available, swaptotal, swapused }) => ({ total, available, swaptotal, swapused })),
    ask(si.currentLoad(), ({ avgLoad, currentLoad }) => ({ avgLoad, currentLoad })),
  ]);
  return {
    node: process.version,
    sqlite: process.versions.sqlite ?? null,
    platform: process.platform,
    arch: arch(),
    kernel: { release: release(), version: version() },
    uptimeSeconds: Math.round(uptime()),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    tool: tool(),
    executable: process.execPath,
    package: packageRoot,
    os,
    cpu,
    memory,
    load,
  };
}
