import { isAdrift } from '../../coven/advice.ts';
import { ledgerParts, names } from '../../coven/layout.ts';
import { hasDamagedPages, isDamaged, isTorn } from '../../coven/ledger.ts';
import { mayBeOpen } from '../../coven/ledger-in-use.ts';
import type { Facts } from '../../model/finding.ts';
import type { LedgerIdentity } from '../../model/observation.ts';
import type { PlanInput } from '../../model/plan-input.ts';
import { draft, identityOf, type Proposal, type Remedy, refuse } from '../../model/remedy.ts';
import type { Action, Risk } from '../../model/step.ts';
import { moveAside } from './move-aside.ts';

function ledgerOf(input: PlanInput): LedgerIdentity | null {
  const main = identityOf(input, names.ledger);
  return main && { main, wal: identityOf(input, names.wal), shm: identityOf(input, names.shm) };
}

/** As a header names it: 3.53.2, the SQLite of better-sqlite3 and of Coven 0.4.6. */
const bundledWriter = 3_053_002;

/** The SQLite that would write, which Node's own can be, as a header would name it. Source: sqlite.org/c3ref/c_source_id.html. */
function ownWriter({ sqlite }: NonNullable<PlanInput['store.open']>): number {
  const [, major, minor, patch] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})/.exec(sqlite ?? '') ?? [];
  return major === undefined ? bundledWriter : Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch);
}

/**
 * A mended copy takes the ledger's place, and the old files go to quarantine. Refused while a process may have it open,
 * where it was last written by a newer SQLite, and where a table did not read whole: building an index of a damaged table
 * would destroy the keys that the old one still held.
 */
function mended(input: PlanInput, action: (ledger: LedgerIdentity) => Action, risk: Risk = 'safe'): Proposal {
  const { 'store.open': open, 'store.files': files, 'store.integrity': integrity } = input;
  const ledger = ledgerOf(input);
  if (!ledger || !open || !files?.header || !integrity) return refuse('not-seen');
  if (mayBeOpen(input)) return inUse(input);
  if (open.code === 'DOCTOR_NO_SCRATCH') return refuse('not-read');
  const bytes = input['store.bytes'];
  if (open.outcome !== 'opened' || open.walForeign || isTorn(files, bytes)) return refuse('ledger-damaged');
  if (files.header.writer > ownWriter(open)) return refuse('newer-writer', { writer: files.header.writer });
  if (isDamaged(integrity) || (bytes && hasDamagedPages(bytes))) return refuse('ledger-damaged');
  return { steps: [draft(action(ledger), 'gone', risk)] };
}

/** Nobody is told to stop a daemon whose end would be that of rows. */
function inUse({ processes }: Pick<PlanInput, 'processes'>): Proposal {
  const adrift = processes?.list.find((process) => process.adrift);
  return adrift ? refuse('ledger-adrift', { pid: adrift.pid }) : refuse('ledger-in-use');
}

/** The damaged ledger's rows, in a new one. Its loss is known before it is agreed to. */
function rescued({ rescue, ...input }: PlanInput): Proposal {
  if (mayBeOpen(input)) return inUse(input);
  if (!rescue) return refuse('not-seen', { name: names.ledger });
  if ('why' in rescue) return refuse('cannot-rescue', { why: rescue.why });
  const { ledger, counts, backup } = rescue;
  // What holds no row of a ledger is another file: an empty ledger in its place would rescue nothing.
  if (counts.rescued === 0) return refuse('nothing-to-rescue');
  const isLoss = counts.lost + counts.uncertain + counts.doubts > 0;
  return {
    steps: [
      draft(
        { kind: 'rescue-ledger', ledger, counts, ...(backup && { backup }) },
        'gone',
        isLoss ? 'lossy' : 'disruptive',
      ),
    ],
  };
}

/** `wrong # of entries in index NAME`, `row 7 missing from index NAME`. Source: SQLite's integrity check. */
const indexName = /\bindex (\w{1,128})$/;

/**
 * An index is made of its table only where the two disagree about which rows there are. Where they disagree about a value,
 * the index may hold the right one; and entries of rows that the table does not have are all that is left of those.
 */
function rebuildIndexes(input: PlanInput): Proposal {
  const index = input['store.integrity']?.indexProblems.flatMap((line) => indexName.exec(line)?.[1] ?? [])[0];
  if (index === undefined) return refuse('index-not-named');
  const { indexes } = input;
  if (!indexes) return refuse('indexes-not-compared');
  // The index holds what is left of them, and a rescue tells them as lost.
  if (indexes.lostRows > 0)
    return input.rescue ? rescued(input) : refuse('index-holds-lost-rows', { rows: indexes.lostRows });
  const { values } = indexes;
  return mended(
    input,
    (ledger) => ({ kind: 'rebuild-index', index, ledger, ...(values.length > 0 && { values }) }),
    values.length > 0 || mayKnowBetter(input) ? 'lossy' : 'safe',
  );
}

/** Whether the full-text index has other words of an event than its text, which then may be the one that is damaged. */
function mayKnowBetter({ 'store.integrity': integrity }: PlanInput): boolean {
  const search = integrity?.search;
  return search?.agrees === false && search.differing !== 0;
}

const copied = 'puts a copy of the ledger in its place';

/** Nobody is told to stop a daemon whose end would be that of rows. */
const replacesLedger = { closesLedger: true, helps: (facts: Facts) => !isAdrift(facts) } as const;

export const checkpointRemedy: Remedy = {
  ...replacesLedger,
  risk: 'safe',
  summary: `${copied} that holds what is in the WAL`,
  plan: (input) => mended(input, (ledger) => ({ kind: 'checkpoint', ledger })),
};
export const rescueRemedy: Remedy = {
  ...replacesLedger,
  // What one that loses nothing needs is allowed with it: see `isAllowed`.
  risk: 'lossy',
  failuresOnly: true,
  summary: 'puts a rescued ledger in the place of the damaged one, which is kept',
  // What SQLite passes over at the end of a WAL was never committed, or is its last commit alone: Coven goes on with the rest.
  plan: (input, { status }) => (status === 'fail' ? rescued(input) : refuse('by-hand')),
};
/** The next command of Coven would delete it; where it lies then, its rows are there for whoever restores them. */
export const loneWalRemedy: Remedy = {
  risk: 'safe',
  summary: 'moves the WAL into quarantine, where no start deletes it',
  plan: (input) => moveAside(input, ledgerParts),
};
export const foreignWalRemedy: Remedy = {
  risk: 'lossy',
  summary: 'moves the WAL into quarantine',
  plan: (input) => moveAside(input, ledgerParts, 'lossy'),
};
export const indexRemedy: Remedy = {
  ...replacesLedger,
  risk: 'safe',
  summary: `${copied} whose indexes are built anew`,
  plan: rebuildIndexes,
};
export const searchRemedy: Remedy = {
  ...replacesLedger,
  risk: 'safe',
  summary: `${copied} whose full-text index is built anew`,
  plan: (input) =>
    mended(input, (ledger) => ({ kind: 'rebuild-search', ledger }), mayKnowBetter(input) ? 'lossy' : 'safe'),
};
