import { realpath } from 'node:fs/promises';
import type { Runs } from '../observation.ts';
import type { Look } from './look.ts';

/** Runs of earlier repairs. Their journals are parsed only in a home that has some; a reading changes nothing. */
export async function seeRuns({ home, observe }: Look): Promise<Runs> {
  const { list } = await observe('home.entries');
  if (!list.some(({ name }) => name === 'doctor')) return { unfinished: [], notOurs: null };
  const { listRuns } = await import('../fix/engine/runs.ts');
  try {
    const runs = listRuns(home);
    const cutOff = runs.filter(({ state }) => state === 'unfinished');
    return {
      unfinished: await Promise.all(
        cutOff.map(async ({ id, at, fixes }) => ({ id, at, fixes: fixes.length, changed: await changedBy(home, id) })),
      ),
      notOurs: runs.find(({ state }) => state === 'not-ours')?.id ?? null,
    };
  } catch (error) {
    // What others put in its place is none of ours, and no repair will begin beside it.
    if (error instanceof Error && 'reason' in error) return { unfinished: [], notOurs: 'doctor' };
    throw error;
  }
}

async function changedBy(home: string, run: string): Promise<string | null> {
  const { changedSince } = await import('../fix/engine/changed.ts');
  return changedSince(await realpath(home), run);
}
