import { defineCheck, fail, from, pass, unknown } from '../src/check.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import type { StoreIntegrity } from '../src/observation.ts';

const target = '<coven-home>/coven.sqlite3';

/**
 * The ledger's pages are whole, as far as they were read. A daemon on a ledger with damaged event pages starts, and
 * says `ok`.
 */
export const storeIntegrity = defineCheck({
  id: 'store:integrity',
  category: 'store',
  needs: ['home', 'store.open', 'store.integrity'],
  skip: withoutLedger,
  judge: ({ 'store.open': { way }, 'store.integrity': integrity }) => {
    const { depth, complete, tables, problems } = integrity;
    const damaged = tables.filter(({ problem }) => problem !== null);
    const rest = {
      facts: {
        depth,
        complete,
        tables: damaged.map(({ table }) => table).join(', '),
        rowsRead: sum(tables.map(({ rowsRead }) => rowsRead)),
        rowsAbout: sum(tables.map(({ rowsAbout }) => rowsAbout ?? 0)),
        damagedRowsRead: sum(damaged.map(({ rowsRead }) => rowsRead)),
        unfinished: unfinished(integrity),
        first: problems[0] ?? damaged[0]?.problem ?? null,
      },
      evidence: [
        ...from('store.open', { way }),
        ...from('store.integrity', { depth, complete }),
        ...problems
          .slice(0, 5)
          .flatMap((problem, index) => from('store.integrity', { [`problems[${index}]`]: problem })),
        ...damaged.flatMap(({ table, problem, rowsRead, rowsAbout }) =>
          from('store.integrity', {
            [`${table}.problem`]: problem,
            [`${table}.rowsRead`]: rowsRead,
            [`${table}.rowsAbout`]: rowsAbout,
          }),
        ),
      ],
    };
    if (problems.length > 0 || damaged.length > 0)
      return [fail('corrupt', target, { ...rest, escalate: 'ledger-cannot-open' })];
    // Who asked for the whole ledger has no answer in a part of it.
    return [depth === 'whole' && !complete ? unknown('unfinished', target, rest) : pass(target, rest)];
  },
});

/** Tables that the time allowed did not cover, with how far each was read. */
function unfinished({ tables }: StoreIntegrity): string {
  return tables
    .filter(({ complete }) => !complete)
    .map(({ table, rowsRead, rowsAbout }) => `${table}: ${rowsRead} of about ${rowsAbout ?? '?'} rows`)
    .slice(0, 5)
    .join('; ');
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
