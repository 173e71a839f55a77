import { seeRescue, toRun } from '../src/coven/advice.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import { hasDamagedPages, hidesCommits, indexOfLostRows, isDamaged } from '../src/coven/ledger.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, skipped, warn } from '../src/model/check.ts';
import { indexRemedy, searchRemedy } from '../src/repair/remedies/store.ts';

const target = '<coven-home>/coven.sqlite3';

/** Whether the index may know better than the events. */
const disagrees = ({ agrees, differing }: Facts): boolean => agrees === false && differing !== 0;

/**
 * The index of the keys of a table, as SQLite names those that it makes by itself, and how many rows it lacks: what is asked for by
 * its id is not found then. Source: the REST answers of Coven 0.4.6 on such a ledger, 404 for each of these sessions.
 */
function keyOf(problems: readonly string[]): { key: string | null; keyTable: string | null; lacking: number } {
  const missing = / missing from index (sqlite_autoindex_(\w{1,100})_\d{1,4})$/;
  const [, key = null, keyTable = null] = problems.map((line) => missing.exec(line)).find((match) => match) ?? [];
  return { key, keyTable, lacking: problems.filter((line) => missing.exec(line)?.[1] === key).length };
}

/** Indexes and the full-text index agree with their tables, where the pages were checked whole. */
export const storeIndex = defineCheck({
  id: 'store:index',
  category: 'store',
  title: 'Indexes agree with their tables',
  explain:
    'An index that lost entries hides rows from some questions and not from others; the rows themselves are there. Entries of ' +
    'rows that the table does not have may be all that is left of them. A ledger over 32 MiB is compared with --deep alone.',
  causes: {
    ok: {
      message: ({ rows, agrees }) =>
        `the indexes agree with their tables; all ${rows} events are searchable${agrees === null ? ' (their words were not compared)' : ''}`,
    },
    'not-checked': { message: () => 'skipped: the ledger has no search index, or is too large without --deep' },
    'ledger-damaged': { message: () => 'skipped: the ledger itself is damaged' },
    'index-mismatch': {
      message: ({ first, lostRows, key, keyTable, lacking }) =>
        lostRows === null
          ? key !== null
            ? `Coven does not find ${count(lacking, 'row')} of table "${keyTable}" by ${Number(lacking) === 1 ? 'its id' : 'their ids'}: the index ${key} lacks ${Number(lacking) === 1 ? 'it' : 'them'}`
            : `an index does not agree with its table (${first})`
          : `the index ${lostRows} names rows that its table does not have: the table lost them, or the index is an old one`,
      hint: ({ lostRows, key }) =>
        lostRows !== null
          ? [
              'Do not run any coven command. The index may hold all that is left of those rows, and a rebuild would end them. Keep a copy of the three coven.sqlite3 files.',
              ...seeRescue,
            ]
          : key !== null
            ? 'The table has these rows. `coven vacuum` does not repair the index. Until it is fixed, a session that is written anew may be there twice.'
            : 'Keep a copy of the three coven.sqlite3 files. `coven vacuum` does not repair it, and a rebuild may lose what only the index still holds.',
      follows: ['store:open detached', 'store:integrity corrupt'],
      remedy: indexRemedy,
    },
    'search-index': {
      message: (facts) => {
        const { rows, indexed, damaged, differing, first } = facts;
        if (disagrees(facts))
          return `${differing === null ? 'some' : differing} of ${rows} events do not agree with the full-text index: the index is damaged, or the text of these events is`;
        return damaged || rows === indexed
          ? `the full-text index is damaged${first ? ` (${first})` : ''}; the events themselves are not`
          : `the full-text index holds ${indexed} of ${rows} events`;
      },
      hint: (facts) =>
        disagrees(facts)
          ? 'Keep a copy of the three coven.sqlite3 files. The index may be all that is left of the right text, and `coven vacuum` or a rebuild makes it of the text as it is now.'
          : facts.page
            ? 'Keep a copy of the three coven.sqlite3 files. `coven vacuum` builds the index again, but not over damaged pages, as these are.'
            : [
                'Keep a copy of the three coven.sqlite3 files. Then this builds the index again:',
                ...toRun('vacuum', facts),
              ],
      remedy: searchRemedy,
    },
  },
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
      agrees: search?.agrees ?? null,
      differing: search?.differing ?? null,
    };
    const lostRows = indexOfLostRows(integrity);
    const keyed = keyOf(indexProblems);
    const damaged = search?.damaged || ofSearch !== null;
    const rest = {
      facts: { ...facts, damaged, lostRows, ...keyed, page: ofSearch },
      evidence: [
        ...from('store.integrity', { ...facts, damaged: search?.damaged ?? null }),
        ...(ofSearch === null ? [] : from('store.bytes', { problem: ofSearch })),
      ],
    };
    // Where the tables themselves are damaged, that is the cause; a large ledger is checked whole with --deep alone.
    if (isDamaged(integrity) || hasDamagedPages(bytes)) return [skipped('ledger-damaged', target, rest)];
    const found = [];
    if (indexProblems.length > 0)
      found.push((lostRows === null && keyed.key === null ? warn : fail)('index-mismatch', target, rest));
    if (damaged || (search && (search.rows !== search.indexed || search.agrees === false)))
      found.push(warn('search-index', target, rest));
    if (found.length > 0) return found;
    if (hidesCommits(bytes)) return [skipped('ledger-damaged', target, rest)];
    return [search === null ? skipped('not-checked', target, rest) : pass(target, rest)];
  },
});
