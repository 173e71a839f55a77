import { withoutLedger } from '../src/coven/gates.ts';
import { isUnfinished } from '../src/coven/ledger.ts';
import { coreColumns } from '../src/coven/tables.ts';
import { defineCheck, fail, from, pass } from '../src/model/check.ts';

const target = '<coven-home>/coven.sqlite3';

/** The core tables and columns are there; whatever else a ledger holds is fine. */
export const storeSchema = defineCheck({
  id: 'store:schema',
  category: 'store',
  title: 'The ledger has its core tables',
  explain:
    'Without `sessions` or `events`, or a column that every release had, Coven cannot work. Other tables, and columns that Coven adds ' +
    'when it opens an older ledger, are not judged.',
  causes: {
    ok: {
      message: ({ tables, unfinished }) =>
        unfinished
          ? 'the command that made the ledger did not finish; the next coven command makes the other tables'
          : `the ledger has ${tables} tables, every core table among them`,
    },
    'missing-tables': {
      message: ({ missing }) => `the ledger has no table ${missing}`,
      hint: () => 'Keep the file as it is, and restore a backup. A start of Coven would make empty tables in it.',
      // Commits that SQLite does not see may have made them.
      follows: ['store:wal torn', 'store:wal cut', 'store:integrity corrupt'],
    },
    'missing-columns': {
      message: ({ lacking }) => `the ledger lacks the columns ${lacking}`,
      hint: () => 'No known Coven makes such a ledger. Keep it, and ask for support.',
      follows: ['store:wal torn', 'store:wal cut', 'store:integrity corrupt'],
    },
  },
  needs: ['home', 'store.open', 'store.integrity'],
  skip: withoutLedger,
  judge: ({ 'store.open': open, 'store.integrity': integrity }) => {
    const { tables, columns } = open;
    const missing = Object.keys(coreColumns).filter((table) => !tables.includes(table));
    const lacking = Object.entries(coreColumns).flatMap(([table, wanted]) =>
      missing.includes(table)
        ? []
        : wanted.filter((name) => !columns[table]?.includes(name)).map((name) => `${table}.${name}`),
    );
    const facts = {
      tables: tables.length,
      missing: missing.join(', '),
      lacking: lacking.join(', '),
      unfinished: isUnfinished(open, integrity),
    };
    const rest = { facts, evidence: from('store.open', facts) };
    if (facts.unfinished) return [pass(target, rest)];
    const found = [];
    if (missing.length > 0) found.push(fail('missing-tables', target, rest));
    if (lacking.length > 0) found.push(fail('missing-columns', target, rest));
    return found.length > 0 ? found : [pass(target, rest)];
  },
});
