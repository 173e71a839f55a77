import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { apiVersion, criticalDiskBytes, lowDiskBytes } from '../coven/contract.ts';
import { names } from '../coven/layout.ts';
import { healthCapabilities } from './capabilities.ts';
import type { Events } from './events.ts';
import type { Ledger } from './ledger.ts';
import type { Daemon } from './record.ts';
import type { Writer } from './writer.ts';

/** WAL size from which Coven calls its storage a warning. */
const largeWalBytes = 16 * 1024 ** 2;

/** Tells how the daemon is, measured at each call. */
export function createHealth(
  home: string,
  daemon: Daemon,
  ledger: Ledger,
  events: Events,
  writer: Writer,
): () => object {
  return () => {
    const eventWriter = writer.health();
    return {
      ok: true,
      apiVersion,
      covenVersion: manifest.version,
      capabilities: healthCapabilities,
      daemon,
      eventWriter,
      storage: measureStorage(),
    };

    function measureStorage(): object {
      const free = freeBytes(home);
      const walBytes = sizeOf(join(home, names.wal));
      const oldest = attempt(() => events.oldest());
      const fault = eventWriter.lastError ?? oldest.fault ?? ledger.warning;
      return {
        status: grade(free, walBytes, eventWriter.state === 'failed' || oldest.fault !== null, fault !== null),
        databaseBytes: sizeOf(join(home, names.ledger)),
        walBytes,
        oldestRetainedEventAt: oldest.value,
        // This daemon neither prunes nor checkpoints by itself: SQLite checkpoints as it commits.
        lastPruneAt: null,
        pruneAgeSeconds: null,
        lastCheckpointAt: null,
        checkpointAgeSeconds: null,
        writerBacklogEvents: eventWriter.queuedEvents,
        writerBacklogBytes: eventWriter.queuedBytes,
        freeDiskBytes: free,
        maintenanceBlocked: free < criticalDiskBytes,
        ...(fault !== null && { lastMaintenanceError: fault }),
      };
    }
  };
}

function grade(free: number, walBytes: number, isDegraded: boolean, hasFault: boolean): string {
  if (free < criticalDiskBytes) return 'critical';
  if (isDegraded) return 'degraded';
  return free < lowDiskBytes || walBytes >= largeWalBytes || hasFault ? 'warning' : 'ok';
}

/** Bytes that the user can still write; 0 when the file system cannot tell. */
function freeBytes(folder: string): number {
  return (
    attempt(() => {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    }).value ?? 0
  );
}

/** Never opened: closing another descriptor of the ledger would drop SQLite's locks on it. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function attempt<T>(measure: () => T): { readonly value: T | null; readonly fault: string | null } {
  try {
    return { value: measure(), fault: null };
  } catch (error) {
    return { value: null, fault: (error as Error).message };
  }
}
