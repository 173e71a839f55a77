import type { LeafRanges } from './leaf-ranges.ts';
import { type Index, isLasting, type Model, type Table } from './model.ts';
import type { Reach } from './reach.ts';
import { hashColumns, RecordView } from './record-view.ts';
import type { Place } from './rows.ts';
import { type CandidateRow, origins, type Scratch, type VoteRow } from './scratch.ts';
import { Strays } from './strays.ts';

/** What the indexes say of one candidate. */
interface Votes {
  /** Indexes with an entry for this row and these values. */
  for: number;
  /** Indexes of values that never change that name this row with others. */
  against: number;
  /** Indexes that were read whole, and do not name it. */
  silent: number;
}

/** Whether a copy of a row in a frame is what was written, and differs a little from the row. */
type Corrects = (copy: Place, row: Place & { readonly chain: number }) => boolean;

/** Copies of a row, and entries for it, that are weighed; a healthy ledger has one and as many as its indexes. */
const weighed = 100;

const tree = origins.indexOf('tree');
const unreached = origins.indexOf('unreached');
const damagedFrame = origins.indexOf('damaged-frame');

/**
 * Chooses the row of each rowid. Indexes have a vote each; where they say nothing, what a tree leads to stands, and what was
 * deleted stays deleted. Returns what one index names and others do not.
 */
export function decide({ db }: Scratch, model: Model, reach: Reach, ranges: LeafRanges, corrects: Corrects): Strays {
  const intact = new Set(reach.trees.filter(({ isIndex, isIntact }) => isIndex && isIntact).map(({ of }) => of.id));
  const winner = db.prepare('INSERT INTO winner VALUES (?,?,?,?,?,?,?)');
  const missing = db.prepare('INSERT INTO missing VALUES (?,?,?,?)');
  const named = db.prepare('INSERT INTO named VALUES (?,?,?,?,?,?)');
  const orphan = db.prepare('INSERT INTO orphan VALUES (?,?,?,?,?,?)');
  const strays = new Strays();
  db.exec('COMMIT; BEGIN');
  // Rows are inserted while others are read; never into the table that is read.
  db.unsafeMode(true);
  const candidates = peekable<CandidateRow>(
    db.prepare('SELECT * FROM candidate ORDER BY tbl, row, origin, rank DESC, cell').raw().iterate(),
  );
  const votes = peekable<VoteRow>(db.prepare('SELECT * FROM vote ORDER BY tbl, row').raw().iterate());
  for (;;) {
    const [one, other] = [candidates.peek(), votes.peek()];
    const first = !one
      ? other
      : !other
        ? one
        : one[0] < other[0] || (one[0] === other[0] && one[1] <= other[1])
          ? one
          : other;
    if (!first) break;
    const [tableId, rowid] = first;
    const held = takeSame(candidates, tableId, rowid);
    const seen = takeSame(votes, tableId, rowid);
    const table = model.tables[tableId] as Table;
    // So it is with nearly every row.
    const entries = seen.every(isOfTree) ? seen : seen.filter((entry) => isOfTree(entry) || !intact.has(entry[2]));
    if (table.withoutRowid) {
      for (const row of held) winner.run(row[0], row[1], row[4], row[5], row[6], row[7], row[2]);
      continue;
    }
    // Deleted, whatever indexes say of which the newest pages are lost.
    if (held[0]?.[2] !== tree && ranges.cover(tableId, rowid)) continue;
    const isClear = isUndisputed(table, held, entries);
    const chosen = isClear ? held[0] : choose(table, held, entries, intact, corrects);
    if (chosen) {
      if (!isClear) strays.explain(table, chosen, entries, intact);
      winner.run(chosen[0], chosen[1], chosen[4], chosen[5], chosen[6], chosen[7], chosen[2]);
      continue;
    }
    const names = table.indexes.filter((index) => isIdentity(index) && entries.some((entry) => isLive(entry, index)));
    const silent = table.indexes.filter((index) => isIdentity(index) && intact.has(index.id) && !names.includes(index));
    const isNamed = names.length > silent.length;
    const isHeld = held.some(([, , origin]) => origin === tree);
    if (!isNamed && !isHeld) {
      const [lies] = held;
      if (names.length > 0) strays.add(entries.filter((entry) => names.some((index) => isLive(entry, index))));
      else if (lies?.[2] === unreached) orphan.run(tableId, rowid, lies[4], lies[5], lies[6], lies[7]);
      continue;
    }
    const why = held.length === 0 ? 'not found' : isNamed ? 'differs from what indexes say' : 'named by no index';
    missing.run(tableId, rowid, held.length === 0 ? 'lost' : 'uncertain', why);
    for (const index of names) {
      const entry = entries.find((entry) => isLive(entry, index));
      if (entry) named.run(tableId, rowid, index.id, entry[5], entry[6], entry[7]);
    }
  }
  db.unsafeMode(false);
  return strays;
}

const isOfTree = (entry: VoteRow): boolean => entry[4] === 1;
const isLive = (entry: VoteRow, { id }: Index): boolean => entry[2] === id && isOfTree(entry);

/** Whether every row has an entry, and keeps it: its columns are never empty. */
const isIdentity = ({ partial, columns, table }: Index): boolean =>
  !partial && columns.every((at) => table.columns[at]?.notNull);

/** Whether there is one copy, where its tree has it, and each index says the same of it: so it is with nearly every row. */
function isUndisputed({ indexes }: Table, held: readonly CandidateRow[], entries: readonly VoteRow[]): boolean {
  const [row] = held;
  if (!row || held.length > 1 || row[2] !== tree || indexes.length === 0 || entries.length !== indexes.length)
    return false;
  for (const entry of entries) {
    let at = indexes.length - 1;
    while (at >= 0 && indexes[at]?.id !== entry[2]) at -= 1;
    if (at < 0 || row[8].readDoubleLE(8 * at) !== entry[3]) return false;
  }
  return true;
}

function choose(
  table: Table,
  held: readonly CandidateRow[],
  entries: readonly VoteRow[],
  intact: ReadonlySet<number>,
  corrects: Corrects,
): CandidateRow | null {
  const accepted = held.flatMap((row) => {
    const votes = count(table, row, entries, intact);
    return isAccepted(row[2], votes) ? [{ row, votes: votes.for }] : [];
  });
  const most = Math.max(...accepted.map(({ votes }) => votes));
  const best = accepted.filter(({ votes }) => votes === most).map(({ row }) => row);
  if (best.length > 1 && isLasting(table)) return corrected(best, corrects);
  if (best.length < 2 || table.lasting.length === 0) return best[0] ?? null;
  // Versions of one row: what no update changes is as most of them have it, and of those the newest counts.
  const lasting = best.map((row) => row[8].readDoubleLE(8 * table.indexes.length));
  const same = (hash: number | undefined): number => lasting.filter((one) => one === hash).length;
  const usual = Math.max(...lasting.map(same));
  const [first, ...others] = best.filter((_, index) => same(lasting[index]) === usual);
  let newest = first ?? null;
  for (const row of others) if (newest && row[2] === damagedFrame && row[3] > newest[3]) newest = row;
  return newest;
}

/** The first, or a copy that is proven to be right where the two differ. */
function corrected([first, ...others]: readonly CandidateRow[], corrects: Corrects): CandidateRow | null {
  if (!first) return null;
  const place = ([, , , , file, at, cell, chain]: CandidateRow) => ({ file, at, cell, chain });
  return others.find((copy) => copy[4] === 1 && corrects(place(copy), place(first))) ?? first;
}

function count(table: Table, row: CandidateRow, entries: readonly VoteRow[], intact: ReadonlySet<number>): Votes {
  const votes: Votes = { for: 0, against: 0, silent: 0 };
  for (const [at, index] of table.indexes.entries()) {
    const hash = row[8].readDoubleLE(8 * at);
    const own = entries.filter((entry) => entry[2] === index.id);
    if (own.some((entry) => entry[3] === hash)) votes.for += isEmpty(index, hash) ? 0 : 1;
    else if (own.some(([, , , , live]) => live === 1)) votes.against += isIdentity(index) ? 1 : 0;
    else if (!index.partial && intact.has(index.id)) votes.silent += 1;
  }
  return votes;
}

const nothing = new RecordView();

/** An entry of nothing but NULLs fits any row. */
const isEmpty = ({ columns }: Index, hash: number): boolean => hash === hashColumns(nothing, columns);

function isAccepted(origin: number, votes: Votes): boolean {
  if (votes.against > 0) return false;
  if (origin === tree) return votes.for > 0 || votes.silent < 2;
  if (origin === unreached) return votes.for > 0 ? votes.for >= votes.silent : votes.silent === 0;
  return votes.for > votes.silent;
}

interface Peekable<T> {
  readonly peek: () => T | null;
  readonly take: () => void;
}

function peekable<T>(rows: IterableIterator<unknown>): Peekable<T> {
  let next = rows.next();
  return {
    peek: () => (next.done ? null : (next.value as T)),
    take: () => {
      if (!next.done) next = rows.next();
    },
  };
}

function takeSame<T extends readonly [table: number, rowid: number, ...unknown[]]>(
  from: Peekable<T>,
  table: number,
  rowid: number,
): readonly T[] {
  const same: T[] = [];
  for (let row = from.peek(); row && row[0] === table && row[1] === rowid; row = from.peek()) {
    if (same.length < weighed) same.push(row);
    from.take();
  }
  return same;
}
