import type { IndexComparison } from '../../model/observation.ts';
import type { Content } from '../manifest.ts';

/** What the ledger program is asked, as the one line of its standard input. */
export type LedgerRequest =
  /** A consistent copy of a ledger that others may be writing to, beside what the very same state of it holds. */
  | { readonly do: 'snapshot'; readonly from: string; readonly to: string }
  /** What a private copy holds. */
  | { readonly do: 'read'; readonly ledger: string }
  /** Brings what the other files of a private copy hold into its main file, which then is complete by itself. */
  | { readonly do: 'settle'; readonly ledger: string }
  /** Whether the indexes of a private copy agree with their tables. */
  | { readonly do: 'compare-indexes'; readonly ledger: string }
  /** What a private copy holds that an older one does not. */
  | { readonly do: 'newer'; readonly ledger: string; readonly than: string };

/** Rows that would go with a ledger that is put back. */
export interface Newer {
  /** Sessions that the older ledger does not have, and those that it has in another state. */
  readonly newSessions: readonly string[];
  readonly changedSessions: readonly string[];
  /** Events that the older ledger does not have. */
  readonly events: number;
}

/** The one line that it says: the answer, or SQLite's code. */
export type LedgerAnswer =
  | { readonly done: 'snapshot'; readonly content: Content }
  | { readonly done: 'read'; readonly content: Content }
  | { readonly done: 'compared'; readonly indexes: IndexComparison }
  | { readonly done: 'settled' }
  | { readonly done: 'newer'; readonly newer: Newer }
  | { readonly done: 'nothing'; readonly code: string };
