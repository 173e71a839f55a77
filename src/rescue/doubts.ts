import type { Model, Table } from './model.ts';
import type { Reach } from './reach.ts';
import { isCovensTable } from './schema.ts';
import type { Source } from './source.ts';

/**
 * What may be lost without a trace, as clauses. A row of a table is named by its indexes, so that its loss is seen; where no
 * index of a damaged table is whole, or where the newest versions of pages are gone, it may not be.
 */
export function doubtsOf(source: Source, model: Model, { trees }: Reach, damagedFrames: number): readonly string[] {
  const doubts: string[] = [];
  if (source.lostFrames > 0)
    doubts.push(
      source.lostFrames === 1
        ? '1 frame that shared memory counts is gone from the WAL, with what it changed'
        : `${source.lostFrames} frames that shared memory counts are gone from the WAL, with what they changed`,
    );
  if (damagedFrames > 0)
    doubts.push(
      damagedFrames === 1
        ? '1 frame of the WAL is damaged, and what it changed may be older here than it was'
        : `${damagedFrames} frames of the WAL are damaged, and what they changed may be older here than it was`,
    );
  const intact = new Set(trees.filter(({ isIntact }) => isIntact).map(({ of }) => of));
  const blind = model.tables.filter((table) => !intact.has(table) && !hasWitness(table, intact));
  if (blind.length > 0) {
    // What others call their tables stays here.
    const shown = blind
      .map(({ name }) => name)
      .filter(isCovensTable)
      .slice(0, 5);
    const more = blind.length - shown.length;
    const others = more === 1 ? '1 other table' : `${more} other tables`;
    doubts.push(
      `pages of ${[...shown, ...(more > 0 ? [others] : [])].join(', ')} are damaged, and no index of theirs is whole that would name each row`,
    );
  }
  return doubts;
}

const hasWitness = (table: Table, intact: ReadonlySet<unknown>): boolean =>
  table.indexes.some((index) => !index.partial && intact.has(index));
