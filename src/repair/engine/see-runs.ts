import { realpath } from 'node:fs/promises';
import { lowDiskBytes } from '../../coven/contract.ts';
import { backupBytes } from '../../coven/limits.ts';
import type { Look } from '../../host/look.ts';
import { noRuns, type Runs } from '../../host/observations/home-runs.ts';
import { listRuns, type RunInfo, spareBackups } from './runs.ts';

/** Each has an account of its own to read. */
const mostRescues = 3;

/** Runs of earlier repairs, as the observation `home.runs`. A reading changes nothing. */
export async function seeRuns({ home, observe }: Look): Promise<Runs> {
  try {
    const runs = listRuns(home);
    const cutOff = runs.filter(({ state }) => state === 'unfinished');
    const strange = runs.filter(({ state }) => state === 'not-ours');
    return {
      spareBackups: runs.length > 1 && (await isDiskShort(observe)) ? countOf(() => spareBackups(home)) : 0,
      unfinished: await Promise.all(
        cutOff.map(async ({ id, at, fixes }) => ({ id, at, fixes: fixes.length, changed: await changedBy(home, id) })),
      ),
      notOurs: strange.find(({ why }) => why?.code !== 'io')?.id ?? null,
      unexamined: strange.some(({ why }) => why?.code === 'io') ? 'error' : null,
      rescues: await rescuesOf(home, runs),
    };
  } catch (error) {
    const code = codeOf(error);
    if (code === null) throw error;
    if (code in cannotExamine) return { ...noRuns, unexamined: cannotExamine[code as keyof typeof cannotExamine] };
    // What others put in its place is none of ours, and no repair will begin beside it.
    return { ...noRuns, notOurs: 'doctor' };
  }
}

async function rescuesOf(home: string, runs: readonly RunInfo[]): Promise<Runs['rescues']> {
  if (!runs.some(({ fixes }) => fixes.includes('rescue'))) return [];
  const { standingRescues } = await import('./kept-rescues.ts');
  return standingRescues(home, runs, mostRescues).map(({ run, at, told }) => {
    if (!told) return { id: run, at, counts: null };
    const { rescued, lost, uncertain, doubts, unaccounted, placeholders, incomplete } = told;
    return { id: run, at, counts: { rescued, lost, uncertain, doubts, unaccounted, placeholders, incomplete } };
  });
}

/** Whether the disk lacks room for what Coven needs, or for a backup. What cannot be seen is not short. */
async function isDiskShort(observe: Look['observe']): Promise<boolean> {
  try {
    const [{ freeBytes }, { main, wal }] = await Promise.all([observe('home.disk'), observe('store.files')]);
    return freeBytes < backupBytes(main.size + wal.size, lowDiskBytes);
  } catch {
    return false;
  }
}

/** None where they cannot be looked at: nothing is offered then. */
function countOf(list: () => readonly string[]): number {
  try {
    return list().length;
  } catch {
    return 0;
  }
}

async function changedBy(home: string, run: string): Promise<string | null> {
  const { changedSince } = await import('./changed.ts');
  return changedSince(await realpath(home), run);
}

/** Reasons that say nothing of whose `doctor/` is. */
const cannotExamine = {
  platform: 'platform',
  'foreign-home': 'other-user',
  'too-many-runs': 'too-many',
  io: 'error',
} as const;

/** The code of a refusal of the engine, which is loaded only where there is something to read. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ('syscall' in error) return 'io';
  return 'reason' in error ? (error.reason as { readonly code: string }).code : null;
}
