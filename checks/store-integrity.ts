import { defineCheck, fail, from, pass, unknown } from '../src/check.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import type { PageBytes, StoreIntegrity } from '../src/observation.ts';

const target = '<coven-home>/coven.sqlite3';

/**
 * The ledger is intact, as far as it was read: its pages as the page map and SQLite see them, and its rows. A daemon on a
 * ledger with damaged pages starts, says `ok`, and may destroy more.
 */
export const storeIntegrity = defineCheck({
  id: 'store:integrity',
  category: 'store',
  needs: ['home', 'store.open', 'store.bytes', 'store.integrity'],
  skip: withoutLedger,
  judge: ({ 'store.open': { way }, 'store.bytes': { outcome, code, map }, 'store.integrity': integrity }) => {
    const { depth, complete, problems } = integrity;
    const damaged = integrity.tables.filter(({ problem }) => problem !== null);
    const inPages = map?.problems.filter(({ search }) => !search) ?? [];
    const tables = [...new Set([...inPages.map(({ table }) => table), ...damaged.map(({ table }) => table)])];
    const whole = map?.whole === true && complete;
    const rest = {
      facts: {
        depth,
        complete: whole,
        tables: tables.filter((name) => name !== null).join(', '),
        rowsRead: sum(integrity.tables.map(({ rowsRead }) => rowsRead)),
        ...readable(map),
        bytesRead: map && map.pagesRead * map.pageSize,
        bytes: map && map.pages * map.pageSize,
        unfinished: unfinished(integrity),
        first: inPages[0]?.text ?? problems[0] ?? damaged[0]?.problem ?? null,
        more: Math.max(0, (map?.problemCount ?? 0) - 1),
        code,
      },
      evidence: [
        ...from('store.open', { way }),
        ...from('store.integrity', { depth, complete }),
        ...from('store.bytes', {
          outcome,
          ...(map && { pages: map.pages, pagesRead: map.pagesRead, mapped: map.mapped, whole: map.whole }),
        }),
        ...inPages.slice(0, 5).flatMap(({ text }, index) => from('store.bytes', { [`problems[${index}]`]: text })),
        ...problems
          .slice(0, 5)
          .flatMap((problem, index) => from('store.integrity', { [`problems[${index}]`]: problem })),
        ...damaged.flatMap(({ table, problem }) => from('store.integrity', { [`${table}.problem`]: problem })),
      ],
    };
    if (inPages.length > 0 || problems.length > 0 || damaged.length > 0)
      return [fail('corrupt', target, { ...rest, escalate: 'ledger-cannot-open' })];
    // Damage confined to the full-text index is told by its own check, and keeps no page from being read.
    const mapped = map !== null && (map.mapped || map.problemCount > 0);
    if (!mapped) return [unknown('undetermined', target, rest)];
    // Who asked for the whole ledger has no answer in a part of it.
    return [
      depth === 'whole' && !whole && map.problemCount === 0 ? unknown('unfinished', target, rest) : pass(target, rest),
    ];
  },
});

/** What of sessions and events can still be read, of about how many; null where that was not established. */
function readable(map: PageBytes | null): Readonly<Record<string, number | null>> {
  const of = (name: string): PageBytes['tables'][number] | undefined => map?.tables.find(({ table }) => table === name);
  return {
    sessions: of('sessions')?.rows ?? null,
    sessionsAbout: of('sessions')?.about ?? null,
    events: of('events')?.rows ?? null,
    eventsAbout: of('events')?.about ?? null,
  };
}

/** Tables that the time allowed did not cover, with how far each was read. */
function unfinished({ tables }: StoreIntegrity): string {
  return tables
    .filter(({ complete }) => !complete)
    .map(({ table, rowsRead, rowsAbout }) => `${table}: ${rowsRead} of about ${rowsAbout ?? '?'} rows`)
    .slice(0, 5)
    .join('; ');
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
