import { lstatSync } from 'node:fs';
import type { Reason } from '../sqlite/answers.ts';
import { askJudge } from '../store/ask-judge.ts';
import { asRefused } from './ask-ledger.ts';

/** What is wrong with a ledger of which everything was read, by what it means for whoever wants to open it. */
export interface Judgement {
  /** Pages, WAL frames or rows: whatever opens such a ledger in place can make it worse. */
  readonly damage: readonly string[];
  /** Indexes that do not agree with their tables. */
  readonly indexes: readonly string[];
  /** The full-text index, which is made of events that are all there: `coven vacuum` makes it again. */
  readonly search: readonly string[];
}

export const isSound = ({ damage, indexes }: Judgement): boolean => damage.length === 0 && indexes.length === 0;

export const damaged = (why: string): Judgement => ({ damage: [why], indexes: [], search: [] });

/**
 * Judges a private copy of a ledger whole, in a process of its own. One that is not read to its end in time is not sound.
 * Throws the signal's reason, and Refused where SQLite cannot be loaded.
 */
export async function judgeLedger(copy: string, signal: AbortSignal): Promise<Judgement> {
  const { size } = lstatSync(copy);
  try {
    const { reasons } = await askJudge(copy, signal, size);
    const texts = (is: (kind: Reason['kind']) => boolean): readonly string[] =>
      reasons.filter(({ kind }) => is(kind)).map(({ text }) => text);
    return {
      damage: texts((kind) => kind !== 'index' && kind !== 'search'),
      indexes: texts((kind) => kind === 'index'),
      search: texts((kind) => kind === 'search'),
    };
  } catch (error) {
    throw asRefused(error);
  }
}
