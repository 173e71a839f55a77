import { parseHeader } from '../sqlite/header.ts';
import { readWhole } from '../sqlite/pages.ts';
import type { ForeignRows } from './foreign-rows.ts';
import type { Wal } from './image.ts';
import type { Bounds } from './left-out.ts';
import type { Model, Table } from './model.ts';
import type { Reach } from './reach.ts';
import { isCovensTable } from './schema.ts';
import type { Source } from './source.ts';

/**
 * What may be lost without a trace, as clauses. A row of a table is named by its indexes, so that its loss is seen; where no
 * index of a damaged table is whole, or where the newest versions of pages are gone, it may not be.
 */
export function doubtsOf(
  source: Source,
  model: Model,
  { trees }: Reach,
  wal: Wal | null,
  foreign: ForeignRows | null,
): readonly string[] {
  const [damagedFrames, outdated] = [wal?.gone ?? 0, wal?.outdated ?? 0];
  const doubts: string[] = [];
  if (source.isWalForeign)
    doubts.push(`what the WAL of this ledger held is not known, since another one is in its place${heldBy(foreign)}`);
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
  if (outdated > 0)
    doubts.push(
      outdated === 1
        ? '1 page of the main file was older than the WAL that was put into it: it is as the WAL has it, and others may be too old, too'
        : `${outdated} pages of the main file were older than the WAL that was put into it: they are as the WAL has them, and others may be too old, too`,
    );
  const blind = blindTables(model, trees);
  if (blind.length > 0) {
    // What others call their tables stays here.
    const shown = blind
      .map(({ name }) => name)
      .filter(isCovensTable)
      .slice(0, 5);
    const named = shown.length > 0 ? ` (${shown.join(', ')}${blind.length > shown.length ? ', …' : ''})` : '';
    doubts.push(
      blind.length === 1
        ? `pages of 1 table${named} are damaged and no intact index lists its rows, so rows may be missing unnoticed`
        : `pages of ${blind.length} tables${named} are damaged and no intact index lists their rows, so rows may be missing unnoticed`,
    );
  }
  return doubts;
}

function heldBy(rows: ForeignRows | null): string {
  const parts = [
    ...(rows && rows.sessions > 0 ? [rows.sessions === 1 ? '1 session' : `${rows.sessions} sessions`] : []),
    ...(rows && rows.events > 0 ? [rows.events === 1 ? '1 event' : `${rows.events} events`] : []),
  ];
  return parts.length === 0 ? '' : `; that one holds ${parts.join(' and ')} that the rescued ledger does not have`;
}

/** Tables of which pages are damaged, and no index is whole that would name each row. */
function blindTables({ tables }: Model, trees: Reach['trees']): readonly Table[] {
  const intact = new Set<unknown>(trees.filter(({ isIntact }) => isIntact).map(({ of }) => of));
  const hasWitness = ({ indexes }: Table): boolean => indexes.some((index) => !index.partial && intact.has(index));
  return tables.filter((table) => !intact.has(table) && !hasWitness(table));
}

/** Bytes of the smallest event: two ids, a time, a kind and the header of its record. */
const leastEventBytes = 64;

/** What is known of events that are lost without a trace. */
export function boundsOf({ main, wal, mainPages, format }: Source, model: Model, { trees }: Reach): Bounds {
  const start = main && readWhole(main.fd, Buffer.alloc(100), 0);
  // The header keeps how many pages a file had that was cut off since.
  const pages = Math.max((start && parseHeader(start)?.pageCount) ?? 0, mainPages);
  return {
    isBlind: blindTables(model, trees).some(({ name }) => name === 'events'),
    mostEvents: Math.floor((pages * format.pageSize + (wal?.size ?? 0)) / leastEventBytes),
  };
}
