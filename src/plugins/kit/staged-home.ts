import { randomUUID } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type HostileHome, hostileHomes, makeHostile } from '../../../fixtures/hostile.ts';
import { withLiveHost } from '../../host/live.ts';
import { observationKeys } from '../../host/schemas.ts';
import { makeScratch } from '../../host/scratch.ts';
import type { Observation, ObservationKey } from '../../model/observation.ts';
import { seeRuns } from '../../repair/engine/see-runs.ts';
import { freeze } from '../freeze.ts';

/** All observations of a home, made once. */
export type Observed = ReadonlyMap<ObservationKey, Observation>;

/** A home on disk, and its observations. */
export interface StagedHome {
  readonly name: string;
  readonly path: string;
  readonly observed: Observed;
}

export interface Stage extends AsyncDisposable {
  readonly homes: readonly StagedHome[];
  /** Homes that cannot be created here, and why. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
  /** Stands in the path of every home and in a file of each, and in nothing that was seen but a path. */
  readonly canary: string;
}

/** Milliseconds to observe one home. A silent socket is asked twice, for two seconds each. */
const lookMs = 15_000;

/** Homes created and observed at the same time. Most of the time is waiting. */
const atOnce = 4;

/** Creates the hostile homes in a temporary folder and observes each once. Processes started for that are ended. */
export async function stageHomes(signal: AbortSignal, wanted: readonly HostileHome[] = hostileHomes): Promise<Stage> {
  const canary = `canary-${randomUUID().slice(0, 8)}`;
  const scratch = makeScratch(null, null, 'last');
  const waiting = wanted.entries();
  const homes: StagedHome[] = [];
  const missing: Stage['missing'][number][] = [];
  const dispose = async (): Promise<void> => scratch.remove();
  const worker = async (): Promise<void> => {
    for (const [index, home] of waiting) {
      if (signal.aborted) return;
      try {
        const { path, end } = await makeHostile(home, { scratch: scratch.path, name: String(index), canary, signal });
        homes[index] = { name: home.name, path, observed: await look(path, signal).finally(end) };
      } catch (error) {
        missing.push({ name: home.name, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (signal.aborted) await dispose();
  signal.throwIfAborted();
  return { homes: homes.filter((home) => home !== undefined), missing, canary, [Symbol.asyncDispose]: dispose };
}

async function look(home: string, signal: AbortSignal): Promise<Observed> {
  // Without PATH, because installed programs are not part of the trial.
  return withLiveHost({ home, env: {}, seeRuns, deadlineMs: lookMs }, signal, async (host) => {
    const seen = await Promise.all(observationKeys.map(async (key) => [key, freeze(await host.observe(key))] as const));
    return new Map<ObservationKey, Observation>(seen);
  });
}

/** All that is at `path` and below it, by what changes when it is changed: no content is read, a change time cannot be set. */
export function snapshotOf(path: string): string {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!found) return 'absent';
  const { mode, uid, nlink, size, mtimeNs, ctimeNs, ino } = found;
  const own = [mode, uid, nlink, size, mtimeNs, ctimeNs, ino].join(' ');
  if (!found.isDirectory()) return own;
  return [own, ...readdirSync(path).map((name) => `${name} ${snapshotOf(join(path, name))}`)].join('\n');
}
