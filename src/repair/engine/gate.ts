import type { Judgement } from '../../backup/judgement.ts';
import type { ActionKind, Step } from '../../model/step.ts';
import type { Reason } from './refusal.ts';

/** A copy of the home that was restored once and compared. */
export interface ProvenBackup {
  readonly id: string;
  /** The path of something that is not as it was copied, or null. Cheap: it is asked under the locks. */
  readonly revalidate: () => Promise<string | null>;
  /** What is wrong with its copy of the ledger, which was read whole; null where there is no ledger. */
  readonly judgement: Judgement | null;
  /** Why there is no copy that a step would put in the ledger's place, by the step's id. */
  readonly unmade: ReadonlyMap<string, Reason>;
}

/** Steps that replace the ledger by a copy of it, that let Coven open it, or that let a daemon go on writing to it. */
const opening: readonly ActionKind[] = [
  'start-daemon',
  'restart-daemon',
  'continue-process',
  'checkpoint',
  'rebuild-index',
  'rebuild-search',
];

/** A daemon that ends writes to its ledger, and one that could not be started again is better left as it is. */
const opensLedger = ({ action, fix }: Step): boolean =>
  opening.includes(action.kind) || (action.kind === 'end-process' && fix.startsWith('daemon'));

/**
 * Why a step is not taken on a ledger of which the proven backup holds a copy, or null: opening a damaged ledger can
 * make it worse. `rebuilt` where the same run has put a copy in its place whose indexes agree with their tables.
 */
export function refusalOf(step: Step, backup: ProvenBackup, rebuilt: boolean): Reason | null {
  const why = opensLedger(step) ? inTheWay(step, backup.judgement, rebuilt) : undefined;
  return why === undefined ? (backup.unmade.get(step.id) ?? null) : { code: 'unsound-ledger', facts: { why } };
}

function inTheWay({ action }: Step, judgement: Judgement | null, rebuilt: boolean): string | undefined {
  const [damage] = judgement?.damage ?? [];
  if (damage !== undefined || action.kind === 'rebuild-index' || rebuilt) return damage;
  return judgement?.indexes[0];
}
