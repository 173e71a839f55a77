import { realpath } from 'node:fs/promises';
import { arch, cpus, loadavg, release, totalmem, uptime, version } from 'node:os';
import { readStart } from '../host/files.ts';
import { textOfProc } from '../host/proc-file.ts';
import { askMachine } from '../host/system/ask.ts';
import { readMachine } from '../host/system/linux.ts';
import { packageRoot, tool } from '../package.ts';
import { runSystem } from '../programs.ts';
import { askDriver } from '../store/ask-judge.ts';
import type { StoreInventory } from '../store/protocol.ts';

const fileLimit = 64 * 1024;

/**
 * Facts of this machine that do not identify its owner. Unknown ones are null. `known` is the SQLite that read the ledger,
 * if any.
 */
export async function seeSystem(known: StoreInventory['sqlite'] | null, signal: AbortSignal): Promise<object> {
  const [{ cpu = null, memory = null }, sqlite] = await Promise.all([
    process.platform === 'linux' ? readMachine(textOfProc) : askMachine(signal),
    known ?? askDriver(signal).catch(() => null),
  ]);
  return {
    node: process.version,
    sqlite: sqlite?.version ?? null,
    sqliteOfNode: sqlite && sqlite.driver === 'node:sqlite',
    platform: process.platform,
    arch: arch(),
    kernel: { release: release(), version: version() },
    uptimeSeconds: Math.round(uptime()),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    tool: tool(),
    executable: process.execPath,
    package: packageRoot,
    os: process.platform === 'darwin' ? seeMacOs() : await seeDistribution(),
    cpu,
    memory,
    load: { avgLoad: loadavg()[0] ?? null },
  };
}

/** Source: os-release(5). */
async function seeDistribution(): Promise<object | null> {
  const text = await textOf('/etc/os-release');
  if (text === null) return null;
  const field = (name: string): string | null => new RegExp(`^${name}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1] || null;
  return { distro: field('NAME'), release: field('VERSION_ID'), codename: field('VERSION_CODENAME') };
}

const seeMacOs = (): object => ({
  distro: 'macOS',
  release: runSystem('sw_vers', ['-productVersion'], ['ignore', 'pipe', 'ignore']).stdout?.trim() || null,
  codename: null,
});

async function textOf(path: string): Promise<string | null> {
  const real = await realpath(path).catch(() => null);
  const start = real === null ? null : await readStart(real, fileLimit);
  return start?.state === 'read' ? start.bytes.toString('utf8') : null;
}
