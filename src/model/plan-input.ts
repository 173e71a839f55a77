import { lifecycleNeeds } from './needs.ts';
import type { IndexComparison, ObservationKey, Observations, Observed } from './observation.ts';
import type { FillingBackup, LedgerFiles, RescueCounts } from './step.ts';

/** What a plan is made from. What could not be seen is null: nothing is planned that rests on it. */
export const planNeeds = [
  ...lifecycleNeeds,
  'home.identities',
  'home.config',
  'home.locks',
  'store.sessions',
  'store.integrity',
] as const satisfies readonly ObservationKey[];

export type PlanInput = Observed<(typeof planNeeds)[number]> & {
  /** Asked for only where a daemon does not answer: the look takes ten seconds. */
  readonly 'daemon.progress': Observations['daemon.progress'] | null;
  /** Runs whose backups may go for room, oldest first; looked for only where the disk is short. */
  readonly oldBackups: readonly string[];
  /** Compared only where an index does not agree with its table; null where that could not be. */
  readonly indexes: IndexComparison | null;
  /** What a rescue would bring back; looked for only where one is the way out, null where a process may have the ledger open. */
  readonly rescue: RescueForecast | null;
};

/** The ledger that was read, and what a rescue of it counts; or why it could not be told. */
export type RescueForecast =
  | { readonly ledger: LedgerFiles; readonly counts: RescueCounts; readonly backup?: FillingBackup | undefined }
  | { readonly why: string };

/** Whether old backups are looked for. */
export const needsRoom = (found: readonly { readonly check: string; readonly code: string }[]): boolean =>
  found.some(({ check, code }) => check === 'home:disk' && ['full', 'low', 'no-room-for-backup'].includes(code));

/** Whether indexes are held against their tables, entry by entry. */
export const needsIndexes = (found: readonly { readonly check: string; readonly code: string }[]): boolean =>
  found.some(({ check, code }) => check === 'store:index' && code === 'index-mismatch');

/** Findings of a ledger that a rescue gives a new one for. */
const rescuable = [
  'store:open not-a-database',
  'store:open malformed',
  'store:integrity corrupt',
  'store:wal torn',
  'store:wal cut',
  'store:index index-mismatch',
];

/** Whether what a rescue would bring back is looked for. */
export const needsRescue = (
  found: readonly {
    readonly check: { readonly id: string };
    readonly finding: { readonly code: string; readonly status: string };
  }[],
): boolean =>
  found.some(({ check, finding }) => finding.status === 'fail' && rescuable.includes(`${check.id} ${finding.code}`));

/** Whether a wedged daemon has to be watched before a plan can be made. */
export const needsProgress = (found: readonly { readonly check: string; readonly code: string }[]): boolean =>
  found.some(({ check, code }) => check === 'daemon' && code === 'hung');
