import { defineCheck, from, pass, skipped, warn } from '../src/check.ts';
import { withoutLedger } from '../src/coven/gates.ts';

const target = '<coven-home>/coven.sqlite3';

/** Indexes and the full-text index agree with their tables, where the pages were checked whole. */
export const storeIndex = defineCheck({
  id: 'store:index',
  category: 'store',
  needs: ['home', 'store.open', 'store.integrity'],
  skip: withoutLedger,
  judge: ({ 'store.integrity': { indexProblems, search, problems, tables } }) => {
    const facts = {
      problems: indexProblems.length,
      first: indexProblems[0] ?? null,
      rows: search?.rows ?? null,
      indexed: search?.indexed ?? null,
    };
    const rest = { facts, evidence: from('store.integrity', { ...facts, damaged: search?.damaged ?? null }) };
    // Where the tables themselves are damaged, that is the cause; a large ledger is checked whole with --deep alone.
    if (problems.length > 0 || tables.some(({ problem }) => problem !== null))
      return [skipped('ledger-damaged', target, rest)];
    const found = [];
    if (indexProblems.length > 0) found.push(warn('index-mismatch', target, rest));
    if (search && (search.damaged || search.rows !== search.indexed)) found.push(warn('search-index', target, rest));
    if (found.length > 0) return found;
    return [search === null ? skipped('not-checked', target, rest) : pass(target, rest)];
  },
});
