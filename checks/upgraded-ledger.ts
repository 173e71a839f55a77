import { type Check, defineCheck, type Finding, fail, from, pass, skipped, unknown, warn } from '../src/check.ts';
import { names } from '../src/coven/layout.ts';
import type { TableRows } from '../src/observation.ts';
import type { UpgradeState } from '../src/upgrade/state.ts';

const target = '<coven-home>/coven.sqlite3';

/** Tables in which Coven never takes a row away, but for events past their time and by the user's own command. */
const kept = ['sessions', 'events'] as const;

/**
 * Sessions and events are all there still. New rows have higher rowids than all before them, so that rows that are gone
 * are missed among any number of new ones.
 */
export const upgradedLedger = (before: UpgradeState | null): Check =>
  defineCheck({
    id: 'upgraded:ledger',
    category: 'upgrade',
    needs: ['home.entries', 'daemon.health', 'store.rows'],
    judge: ({ 'home.entries': entries, 'daemon.health': { body }, 'store.rows': rows }) => {
      const file = entries.list.find(({ name }) => name === names.ledger);
      const lastPruneAt = body?.lastPruneAt ?? null;
      const base = from('store.rows', { outcome: rows.outcome, code: rows.code });
      const without = { facts: { code: rows.code }, evidence: base };
      if (!before) return [skipped('no-state', target, without)];
      if (before.ledger === 'none') return [skipped('no-ledger-before', target, without)];
      if (!before.ledger) return [unknown('unseen-before', target, without)];
      if (rows.outcome !== 'read') return [unknown('undetermined', target, without)];
      const { ledger, at } = before;
      const pruned = lastPruneAt !== null && Date.parse(lastPruneAt) >= Date.parse(at);
      const compared = kept.map((table) => compare(table, ledger.tables, rows.tables));
      const found: Finding[] = [];
      const rest = (list: readonly Compared[]) => ({
        facts: {
          tables: list.map(({ table, lost, was }) => `${lost} of ${was} in ${table}`).join(', '),
          count: list.reduce((sum, { lost }) => sum + lost, 0),
          lastPruneAt,
        },
        evidence: [
          ...base,
          ...list.flatMap(({ table, is, fresh }) =>
            from('store.rows', { [`${table}.rows`]: is, [`${table}.new`]: fresh }),
          ),
          ...from('daemon.health', { lastPruneAt }),
        ],
      });
      const isOld = ({ table }: Compared): boolean => table === 'events' && pruned;
      const gone = compared.filter((one) => one.lost > 0 && !isOld(one));
      const unexplained = compared.filter((one) => isOld(one) && one.lost > one.oldest);
      if (gone.length > 0) found.push(fail('rows-lost', target, rest(gone)));
      if (unexplained.length > 0) found.push(unknown('not-explained', target, rest(unexplained)));
      if (file && (file.dev !== ledger.dev || file.ino !== ledger.ino))
        found.push(
          warn('replaced', target, {
            facts: {},
            evidence: [...base, ...from('home.entries', { dev: file.dev, ino: file.ino })],
          }),
        );
      if (found.length > 0) return found;
      const facts = Object.fromEntries(
        compared.flatMap(({ table, is, fresh, lost }) => [
          [table, is],
          [`${table}New`, fresh],
          [`${table}Pruned`, lost],
        ]),
      );
      return [pass(target, { facts: { ...facts, lastPruneAt }, evidence: base })];
    },
  });

interface Compared {
  readonly table: string;
  /** Rows then and now. */
  readonly was: number;
  readonly is: number;
  /** Rows that were added since, and rows of before that are gone. */
  readonly fresh: number;
  readonly lost: number;
  /** How many of those may have been the oldest ones. */
  readonly oldest: number;
}

function compare(table: string, before: readonly TableRows[], after: readonly TableRows[]): Compared {
  const [was, is] = [before, after].map((tables) => tables.find((one) => one.table === table));
  const [rows, first, last] = [was?.rows ?? 0, was?.firstRowid ?? 0, was?.lastRowid ?? 0];
  const fresh = Math.max(0, (is?.lastRowid ?? 0) - last);
  const lost = Math.max(0, rows + fresh - (is?.rows ?? 0));
  const oldest = Math.max(0, (is?.firstRowid ?? last + 1) - first);
  return { table, was: rows, is: is?.rows ?? 0, fresh, lost, oldest };
}
