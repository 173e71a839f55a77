import { defineCheck, fail, from, pass } from '../src/check.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import { coreColumns } from '../src/coven/tables.ts';

const target = '<coven-home>/coven.sqlite3';

/** The core tables and columns are there; whatever else a ledger holds is fine. */
export const storeSchema = defineCheck({
  id: 'store:schema',
  category: 'store',
  needs: ['home', 'store.open'],
  skip: withoutLedger,
  judge: ({ 'store.open': { tables, columns } }) => {
    const missing = Object.keys(coreColumns).filter((table) => !tables.includes(table));
    const lacking = Object.entries(coreColumns).flatMap(([table, wanted]) =>
      missing.includes(table)
        ? []
        : wanted.filter((name) => !columns[table]?.includes(name)).map((name) => `${table}.${name}`),
    );
    const facts = { tables: tables.length, missing: missing.join(', '), lacking: lacking.join(', ') };
    const rest = { facts, evidence: from('store.open', facts) };
    const found = [];
    if (missing.length > 0) found.push(fail('missing-tables', target, rest));
    if (lacking.length > 0) found.push(fail('missing-columns', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
