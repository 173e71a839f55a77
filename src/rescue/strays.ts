import type { Table } from './model.ts';
import type { CandidateRow, VoteRow } from './scratch.ts';

/** Of more, each counts. */
const limit = 10_000;

const keyOf = (index: number, hash: number): string => `${index} ${hash}`;

/**
 * Rows that an index names, and most others do not. Where the same index lacks an entry of the same values, its entry has a damaged rowid. Else
 * pages are of different times: the row was deleted and the index does not know, or it was written and only the index knows.
 */
export class Strays {
  private readonly named: string[][] = [];
  private readonly lacked = new Set<string>();
  private more = 0;

  add(entries: readonly VoteRow[]): void {
    if (this.named.length < limit) this.named.push(entries.map(([, , index, hash]) => keyOf(index, hash)));
    else this.more += 1;
  }

  /** Takes down what whole indexes lack of a row that is there. */
  explain(table: Table, row: CandidateRow, entries: readonly VoteRow[], intact: ReadonlySet<number>): void {
    for (const [at, { id, partial }] of table.indexes.entries()) {
      if (partial || !intact.has(id) || this.lacked.size >= limit) continue;
      const hash = row[8].readDoubleLE(8 * at);
      if (!entries.some((entry) => entry[2] === id && entry[3] === hash)) this.lacked.add(keyOf(id, hash));
    }
  }

  count(): number {
    return this.more + this.named.filter((keys) => !keys.every((key) => this.lacked.has(key))).length;
  }
}
