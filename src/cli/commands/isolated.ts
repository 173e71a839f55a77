import type { ArchiveCommand } from '../archives/isolated.ts';

/** Runs a command that reads an archive in a process of its own. */
export const isolated = async (command: ArchiveCommand, signal: AbortSignal): Promise<number> =>
  (await import('../archives/isolated.ts')).runIsolated(command, signal);
