/**
 * Rowids that leaves of frames reach from and to. A sound frame is what was written, and of a table's rows between the first and
 * the last of a leaf none is anywhere else: what such a leaf does not hold was deleted, whatever older pages say.
 */
export class LeafRanges {
  private readonly byTable = new Map<number, [first: number, last: number][]>();
  private isSorted = true;

  /** `unread`, in their order, are rows that the leaf has and whose bytes make no sense: they are not deleted. */
  add(table: number, first: number, last: number, unread: readonly number[]): void {
    const known = this.byTable.get(table) ?? [];
    this.byTable.set(table, known);
    let from = first;
    for (const rowid of unread) {
      if (from < rowid) known.push([from, rowid - 1]);
      from = Math.max(from, rowid + 1);
    }
    if (from <= last) known.push([from, last]);
    this.isSorted = false;
  }

  cover(table: number, rowid: number): boolean {
    if (!this.isSorted) for (const ranges of this.byTable.values()) ranges.sort((a, b) => a[0] - b[0]);
    this.isSorted = true;
    const ranges = this.byTable.get(table) ?? [];
    let [from, to] = [0, ranges.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((ranges[middle]?.[0] ?? 0) <= rowid) from = middle + 1;
      else to = middle;
    }
    return rowid <= (ranges[from - 1]?.[1] ?? Number.NEGATIVE_INFINITY);
  }
}
