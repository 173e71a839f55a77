import { realpath } from 'node:fs/promises';
import * as v from 'valibot';
import { lowDiskBytes } from '../../coven/contract.ts';
import { backupBytes } from '../../coven/limits.ts';
import type { RunInfo } from '../../repair/engine/runs.ts';
import type { Look } from '../look.ts';
import { id, list, maybe, name, number, oneOf, text, time, type ValueOf } from '../shape.ts';

/** Rows; `doubts` are reasons why more may be lost without a trace, and `unaccounted` the events that may be among them. */
const counts = () =>
  v.object({
    ...{ rescued: number, lost: number, uncertain: number, doubts: number, unaccounted: number },
    /** Sessions whose own row is lost, and sessions that lack something or may. */
    ...{ placeholders: number, incomplete: number },
  });

/** What earlier repairs left in `doctor/`. */
export const schema = () =>
  v.object({
    /** Runs that were cut off, newest first. */
    unfinished: list(
      v.object({
        id,
        at: maybe(time),
        fixes: number,
        /** The name of a file of it that others wrote to or replaced since; null where there is none. */
        changed: maybe(text),
      }),
    ),
    /** A run, or the folder itself, that others can write to or made; null where all is the user's own. */
    notOurs: maybe(name),
    /** Backups of ours that may go for room; counted where the disk is short. */
    spareBackups: v.optional(number, 0),
    /** Why what is there could not be examined, which says nothing of whose it is; null where it was. */
    unexamined: v.optional(maybe(oneOf(['platform', 'other-user', 'too-many', 'error'])), null),
    /** The newest rescues whose ledger is the one in place, as far as runs tell; newest first. */
    rescues: v.optional(list(v.object({ id, at: maybe(time), counts: maybe(counts()) })), []),
  });
export type Runs = ValueOf<typeof schema>;

const nothing: Runs = { unfinished: [], notOurs: null, spareBackups: 0, unexamined: null, rescues: [] };

/** Each has an account of its own to read. */
const mostRescues = 3;

/** Runs of earlier repairs. Their journals are parsed only in a home that has some; a reading changes nothing. */
export async function take({ home, observe }: Look): Promise<Runs> {
  const { list } = await observe('home.entries');
  if (!list.some(({ name }) => name === 'doctor')) return nothing;
  const { listRuns, spareBackups } = await import('../../repair/engine/runs.ts');
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
    if (code in cannotExamine) return { ...nothing, unexamined: cannotExamine[code as keyof typeof cannotExamine] };
    // What others put in its place is none of ours, and no repair will begin beside it.
    return { ...nothing, notOurs: 'doctor' };
  }
}

async function rescuesOf(home: string, runs: readonly RunInfo[]): Promise<Runs['rescues']> {
  if (!runs.some(({ fixes }) => fixes.includes('rescue'))) return [];
  const { standingRescues } = await import('../../repair/engine/kept-rescues.ts');
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
  const { changedSince } = await import('../../repair/engine/changed.ts');
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
