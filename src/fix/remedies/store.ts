import { names } from '../../coven/layout.ts';
import { hasDamagedPages, isDamaged, isTorn } from '../../coven/ledger.ts';
import { judgeLiveness, type LivenessSight } from '../../coven/liveness.ts';
import type { LedgerIdentity } from '../../observation.ts';
import { draft, identityOf, moveAside, type Remedies, type Remedy, refuse } from '../remedy.ts';
import type { PlanSight } from '../sight.ts';
import type { Action, Risk } from '../step.ts';

function ledgerOf(sight: PlanSight): LedgerIdentity | null {
  const main = identityOf(sight, names.ledger);
  return main && { main, wal: identityOf(sight, names.wal), shm: identityOf(sight, names.shm) };
}

/** The newest SQLite that the bundled one may write after, as a header names it: 3.53.2. Source: Coven 0.4.6. */
const newestWriter = 3_053_002;

/**
 * A mended copy takes the ledger's place, and the old files go to quarantine. Refused while a process may have it open,
 * where it was last written by a newer SQLite, and where a table did not read whole: building an index of a damaged table
 * would destroy the keys that the old one still held.
 */
function mended(sight: PlanSight, action: (ledger: LedgerIdentity) => Action, risk: Risk = 'safe'): Remedy {
  const { 'store.open': open, 'store.files': files, 'store.integrity': integrity } = sight;
  const ledger = ledgerOf(sight);
  if (!ledger || !open || !files?.header || !integrity) return refuse('not-seen');
  const { verdict } = judgeLiveness(sight as LivenessSight);
  const opened = sight.processes?.list.some(({ ledgerOpen }) => ledgerOpen) ?? true;
  if (opened || (verdict !== 'stopped' && verdict !== 'stale')) return refuse('ledger-in-use');
  if (open.code === 'DOCTOR_NO_SCRATCH') return refuse('not-read');
  const bytes = sight['store.bytes'];
  if (open.outcome !== 'opened' || open.walForeign || isTorn(files, bytes)) return refuse('ledger-damaged');
  if (files.header.writer > newestWriter) return refuse('newer-writer', { writer: files.header.writer });
  if (isDamaged(integrity) || (bytes && hasDamagedPages(bytes))) return refuse('ledger-damaged');
  return { steps: [draft(action(ledger), 'gone', risk)] };
}

/** `wrong # of entries in index NAME`, `row 7 missing from index NAME`. Source: SQLite's integrity check. */
const indexName = /\bindex (\w{1,128})$/;

/**
 * An index is made of its table only where the two disagree about which rows there are. Where they disagree about a value,
 * the index may hold the right one; and entries of rows that the table does not have are all that is left of those.
 */
function rebuildIndexes(sight: PlanSight): Remedy {
  const index = sight['store.integrity']?.indexProblems.flatMap((line) => indexName.exec(line)?.[1] ?? [])[0];
  if (index === undefined) return refuse('index-not-named');
  const { indexes } = sight;
  if (!indexes) return refuse('indexes-not-compared');
  if (indexes.lostRows > 0) return refuse('index-holds-lost-rows', { rows: indexes.lostRows });
  const { values } = indexes;
  return mended(
    sight,
    (ledger) => ({ kind: 'rebuild-index', index, ledger, ...(values.length > 0 && { values }) }),
    values.length > 0 ? 'lossy' : 'safe',
  );
}

export const storeRemedies: Remedies = {
  'store:wal large': (sight) => mended(sight, (ledger) => ({ kind: 'checkpoint', ledger })),
  // The next command of Coven would delete it; where it lies then, its rows are there for whoever restores them.
  'store:wal alone': (sight) => moveAside(sight, [names.wal, names.shm]),
  'store:wal foreign': (sight) => moveAside(sight, [names.wal, names.shm], 'lossy'),
  'store:index index-mismatch': rebuildIndexes,
  'store:index search-index': (sight) => mended(sight, (ledger) => ({ kind: 'rebuild-search', ledger })),
};
