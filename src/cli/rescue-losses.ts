import { join } from 'node:path';
import { readOurs } from '../backup/place.ts';
import { Refused } from '../backup/refused.ts';
import { isErrno } from '../host/files.ts';
import { parseJson } from '../json.ts';
import { Refusal } from '../repair/engine/refusal.ts';
import { listRuns } from '../repair/engine/runs.ts';
import type { RescueReport, SeqRange } from '../rescue/protocol.ts';

/** What a rescue that stands left out of a session. */
export interface SessionLoss {
  readonly run: string;
  /** Events that were lost, and those whose own bytes were in doubt. */
  readonly lost: number;
  readonly uncertain: number;
  /** Seqs of both, as far as they were taken down. */
  readonly seqs: readonly SeqRange[];
  /** The session's own row was lost, and another stands for it. */
  readonly placeholder: boolean;
}

export const lossesName = 'rescue-losses.json';
const sessionLimit = 1000;
const sizeLimit = 4 * 1024 ** 2;

/** What a rescue left out, as it is kept in the folder of its run, for each session to say; null where it left nothing out. */
export function lossesText({ sessions }: RescueReport): string | null {
  const losses = sessions
    .filter(({ lost, uncertain, placeholder }) => lost > 0 || uncertain > 0 || placeholder)
    .slice(0, sessionLimit)
    .map(({ id, lost, uncertain, missingSeqs, placeholder }) => ({
      ...{ id, lost, uncertain, placeholder },
      seqs: missingSeqs,
    }));
  return losses.length > 0 ? JSON.stringify(losses) : null;
}

/** What rescues of this home left out of a session, newest first; of those alone that were not taken back. */
export function lossesOf(home: string, session: string): readonly SessionLoss[] {
  try {
    return listRuns(home).flatMap(({ id, state, undoneBy }) => {
      if (state !== 'committed' || undoneBy !== null) return [];
      const loss = noted(join(home, 'doctor', 'runs', id)).find((one) => one.id === session);
      return loss ? [{ run: id, ...withoutId(loss) }] : [];
    });
  } catch (error) {
    // What others made, or nobody can read, says nothing of a session.
    if (error instanceof Refusal || (error instanceof Error && 'syscall' in error)) return [];
    throw error;
  }
}

type Noted = Omit<SessionLoss, 'run'> & { readonly id: string };

const withoutId = ({ lost, uncertain, seqs, placeholder }: Noted): Omit<SessionLoss, 'run'> => ({
  ...{ lost, uncertain, seqs, placeholder },
});

function noted(run: string): readonly Noted[] {
  try {
    const list = parseJson(readOurs(join(run, lossesName), sizeLimit));
    return Array.isArray(list) ? list.filter(isNoted) : [];
  } catch (error) {
    if (error instanceof Refused || error instanceof SyntaxError || isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isNoted(value: unknown): value is Noted {
  if (value === null || typeof value !== 'object') return false;
  const { id, lost, uncertain, seqs, placeholder } = value as Readonly<Record<string, unknown>>;
  const isRange = (one: unknown): boolean => Array.isArray(one) && one.length === 2 && one.every(isCount);
  return (
    typeof id === 'string' &&
    isCount(lost) &&
    isCount(uncertain) &&
    typeof placeholder === 'boolean' &&
    Array.isArray(seqs) &&
    seqs.every(isRange)
  );
}
