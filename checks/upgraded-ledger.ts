import { names } from '../src/coven/layout.ts';
import { command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { type Check, defineCheck, type Finding, fail, from, pass, skipped, unknown, warn } from '../src/model/check.ts';
import type { TableRows } from '../src/model/observation.ts';
import { noState, unseenBefore } from '../src/upgrade/causes.ts';
import type { UpgradeState } from '../src/upgrade/state.ts';

const target = '<coven-home>/coven.sqlite3';

/** Tables in which Coven never takes a row away, but for events past their time and by the user's own command. */
const kept = ['sessions', 'events'] as const;

/** Coven's own time for events. Source: `log_retention_days` of 0.4.6. */
const dayMs = 24 * 3_600_000;
const retentionMs = 30 * dayMs;
/** Between a look and what the daemon did beside it. */
const toleranceMs = 120_000;

/**
 * Sessions and events are all there still. New rows have higher rowids than all before them, so that rows that are gone
 * are missed among any number of new ones. But SQLite gives the rowid of the last row, when that is gone, to the next
 * one, and another ledger may have as many: so some are known by their ids.
 */
export const upgradedLedger = (before: UpgradeState | null): Check =>
  defineCheck({
    id: 'upgraded:ledger',
    category: 'upgrade',
    title: 'All rows are there still',
    explain:
      'Rows of sessions and events are counted, and new ones are known by their rowids, so that rows that are gone are missed among new ones; ' +
      'some, the last ones first, are known again by their ids, as in another ledger they would not be. ' +
      'Events past their time are removed by the daemon, the oldest first, and its health says when it last did.',
    causes: {
      ok: {
        message: ({ sessions, sessionsNew, events, eventsNew, eventsPruned }) =>
          `${count(sessions, 'session')} (${sessionsNew} new), ${count(events, 'event')} (${eventsNew} new${Number(eventsPruned) > 0 ? `, ${eventsPruned} past their time removed` : ''})`,
      },
      'no-state': noState,
      'no-ledger-before': { message: () => 'skipped: there was no ledger before' },
      'unseen-before': unseenBefore,
      'rows-lost': {
        message: ({ count: rows, tables }) =>
          `${count(rows, 'row')} of before ${rows === 1 ? 'is' : 'are'} gone: ${tables}`,
        hint: () => 'Stop the daemon before more is written, and compare with the backup of before the upgrade.',
      },
      'other-rows': {
        message: ({ others }) => `in the places of rows of before there are others: ${others} that were compared`,
        hint: () => 'Stop the daemon before more is written, and compare with the backup of before the upgrade.',
      },
      'not-explained': {
        message: ({ tables, lastPruneAt }) =>
          `rows of before are gone: ${tables}; old events were removed at ${lastPruneAt}, and these are not events past their time alone`,
        hint: () => 'Compare with the backup of before the upgrade.',
      },
      replaced: {
        message: () => 'the ledger is another file than before; its rows are all there',
        hint: () => 'A repair or a restore makes a new file; where there was none, find out who did.',
      },
      undetermined: {
        message: ({ code }) => `the rows could not be counted${code ? ` (${code})` : ''}`,
        hint: () => [
          'See why the ledger could not be read, then run `postflight` again:',
          command('coven-doctor', 'explain', 'store:open'),
        ],
      },
    },
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
      const unexplained = compared.filter(
        (one) => isOld(one) && one.lost > 0 && (one.lost > one.oldest || !isPastTime(one, at, lastPruneAt ?? at)),
      );
      const exchanged = compared.filter((one) => one.others > 0);
      if (gone.length > 0) found.push(fail('rows-lost', target, rest(gone)));
      if (exchanged.length > 0) {
        const others = exchanged.map(({ table, others, known }) => `${others} of ${known} in ${table}`).join(', ');
        const { evidence } = rest(exchanged);
        found.push(fail('other-rows', target, { facts: { others }, evidence }));
      }
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
  /** Rows of before that were looked for by their ids, and in whose places there are others. */
  readonly known: number;
  readonly others: number;
  /** When the first row was made, and the last of the oldest ones that are gone. */
  readonly firstAt: string | null;
  readonly goneAt: string | null;
}

function compare(table: string, before: readonly TableRows[], after: readonly TableRows[]): Compared {
  const [was, is] = [before, after].map((tables) => tables.find((one) => one.table === table));
  const [rows, first, last] = [was?.rows ?? 0, was?.firstRowid ?? 0, was?.lastRowid ?? 0];
  const fresh = Math.max(0, (is?.lastRowid ?? 0) - last);
  const lost = Math.max(0, rows + fresh - (is?.rows ?? 0));
  const oldest = Math.max(0, (is?.firstRowid ?? last + 1) - first);
  const now = new Map(is?.sample.map(({ rowid, id }) => [rowid, id]));
  const known = (was?.sample ?? []).filter(({ rowid }) => now.has(rowid));
  const others = known.filter(({ rowid, id }) => now.get(rowid) !== id).length;
  const goneAt = was?.sample.findLast(({ rowid }) => rowid < (is?.firstRowid ?? last + 1))?.at ?? null;
  const firstAt = was?.sample[0]?.at ?? null;
  return { table, was: rows, is: is?.rows ?? 0, fresh, lost, oldest, known: known.length, others, firstAt, goneAt };
}

/**
 * Whether events that are gone were past their time when the daemon last removed some: past Coven's own, or, where another
 * is configured, as old as the oldest that it had kept before; none is shorter than a day.
 */
function isPastTime({ firstAt, goneAt }: Compared, before: string, lastPruneAt: string): boolean {
  const keptMs = Math.max(dayMs, Date.parse(before) - Date.parse(firstAt ?? ''));
  return Date.parse(lastPruneAt) - Date.parse(goneAt ?? '') + toleranceMs >= Math.min(retentionMs, keptMs);
}
