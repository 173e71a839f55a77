import type { StoreIntegrity, StoreOpen, StoreSessions, TableReading } from '../observation.ts';

/** What the reading child is asked, as the first line of its standard input. */
export interface ReadRequest {
  readonly ledger: string;
  /** A private folder on the ledger's file system; null to open the ledger in place, beside its owner. */
  readonly scratch: string | null;
  readonly deep: boolean;
  /** Milliseconds for reading rows in the bounded depth. */
  readonly budgetMs: number;
}

/** What the child says, one JSON document a line, in this order; `progress` repeats and the last one counts. */
export type ReadMessage =
  | { readonly kind: 'open'; readonly open: StoreOpen }
  | {
      readonly kind: 'sessions';
      readonly sessions: Omit<StoreSessions, 'looks'>;
    }
  | { readonly kind: 'progress'; readonly tables: readonly TableReading[] }
  | { readonly kind: 'integrity'; readonly integrity: StoreIntegrity };

/** A later line that asks for the sessions once more. The end of its input ends the child. */
export const askAgain = 'sessions\n';

/** What the mending process is asked: to make `into` a mended copy of `source`, which nobody has open. */
export interface MendRequest {
  readonly source: string;
  readonly into: string;
  /** Each does what those before it do, too. */
  readonly work: 'checkpoint' | 'rebuild-search' | 'rebuild-index';
}

export type MendAnswer = { readonly ok: true; readonly rows: number } | { readonly ok: false; readonly reason: string };
