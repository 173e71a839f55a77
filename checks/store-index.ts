import { defineCheck, from, pass, skipped, warn } from '../src/check.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import { hasDamagedPages, isDamaged } from '../src/coven/ledger.ts';

const target = '<coven-home>/coven.sqlite3';

/** Indexes and the full-text index agree with their tables, where the pages were checked whole. */
export const storeIndex = defineCheck({
  id: 'store:index',
  category: 'store',
  needs: ['home', 'store.open', 'store.bytes', 'store.integrity'],
  skip: withoutLedger,
  judge: ({ 'store.bytes': bytes, 'store.integrity': integrity }) => {
    const { indexProblems, search } = integrity;
    const ofSearch = bytes.map?.problems.find((problem) => problem.search)?.text ?? null;
    const facts = {
      problems: indexProblems.length,
      first: indexProblems[0] ?? ofSearch,
      rows: search?.rows ?? null,
      indexed: search?.indexed ?? null,
    };
    const damaged = search?.damaged || ofSearch !== null;
    const rest = {
      facts: { ...facts, damaged },
      evidence: [
        ...from('store.integrity', { ...facts, damaged: search?.damaged ?? null }),
        ...(ofSearch === null ? [] : from('store.bytes', { problem: ofSearch })),
      ],
    };
    // Where the tables themselves are damaged, that is the cause; a large ledger is checked whole with --deep alone.
    if (isDamaged(integrity) || hasDamagedPages(bytes)) return [skipped('ledger-damaged', target, rest)];
    const found = [];
    if (indexProblems.length > 0) found.push(warn('index-mismatch', target, rest));
    if (damaged || (search && search.rows !== search.indexed)) found.push(warn('search-index', target, rest));
    if (found.length > 0) return found;
    return [search === null ? skipped('not-checked', target, rest) : pass(target, rest)];
  },
});
