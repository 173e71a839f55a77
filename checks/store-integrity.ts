import { preserve, seeRescue } from '../src/coven/advice.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import { hidesCommits } from '../src/coven/ledger.ts';
import { bytes, count, grouped } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, unknown } from '../src/model/check.ts';
import type { PageBytes, StoreIntegrity } from '../src/model/observation.ts';
import { rescueRemedy } from '../src/repair/remedies/store.ts';
import { canBeEmpty, toEmpty } from './store-schema.ts';

const others = ({ more }: Facts): string =>
  Number(more) > 0 ? ` (and ${count(more, 'more problem', 'more problems')})` : '';
/** What can still be read of sessions and events, where that was established. */
function readableRows({ sessions, sessionsAbout, events, eventsAbout }: Facts): string {
  const of = (rows: unknown, about: unknown, name: string): string[] =>
    typeof rows === 'number' && about !== 0
      ? [
          `${grouped(rows)}${typeof about === 'number' && about !== rows ? ` of about ${grouped(about)}` : ''} ${name}${rows === 1 && about === 1 ? '' : 's'}`,
        ]
      : [];
  const told = [...of(sessions, sessionsAbout, 'session'), ...of(events, eventsAbout, 'event')];
  return told.length > 0 ? `; at least ${told.join(' and ')} can still be read` : '';
}

/** Whether all that is damaged is one text of a session, which can be given up by itself. */
const isOneValue = ({ column }: Facts): boolean => typeof column === 'string';

const target = '<coven-home>/coven.sqlite3';

/**
 * The ledger is intact, as far as it was read: its pages as the page map and SQLite see them, and its rows. A daemon on a
 * ledger with damaged pages starts, says `ok`, and may destroy more.
 */
export const storeIntegrity = defineCheck({
  id: 'store:integrity',
  category: 'store',
  title: 'The ledger is intact',
  explain:
    'Every page of a ledger belongs to exactly one table, index or the list of free pages. Where that is not so, Coven still starts and ' +
    'says `ok`, and its next sessions overwrite rows. A ledger of up to 32 MiB is read whole. Of a larger one, every pointer between ' +
    'pages is followed and as many of its rows are read as the time allows; --deep reads all.',
  causes: {
    ok: {
      message: ({ complete, rowsRead, bytesRead, bytes: all, depth, hidden }) =>
        hidden
          ? `no damage in the ${bytes(bytesRead)} that SQLite reads; what its damaged WAL hides is not part of that`
          : complete
            ? `the ledger is intact (${count(rowsRead, 'row')} read)`
            : `no damage in the ${bytes(bytesRead)} of ${bytes(all)} that were read${depth === 'whole' ? '' : '; --deep reads all'}`,
    },
    unfinished: {
      message: ({ bytesRead, bytes: all, unfinished }) =>
        `no damage in the ${bytes(bytesRead)} of ${bytes(all)} that were read before the time ended${unfinished ? ` (${unfinished})` : ''}`,
      hint: () => 'Run it again with a longer --timeout.',
    },
    undetermined: {
      message: ({ code }) => `whether the ledger is intact could not be determined (${code ?? 'not read'})`,
      hint: () => 'Run it again; if that does not help, with a longer --timeout.',
    },
    corrupt: {
      message: (facts) => `the ledger is damaged: ${facts.first}${others(facts)}${readableRows(facts)}`,
      hint: (facts) => [
        'Do not run any coven command: opening the ledger can make it worse.',
        ...preserve(facts),
        ...(isOneValue(facts)
          ? [
              `That one text (${facts.column} of row ${facts.rowid}) is all that is wrong with its row; a rescue would lose more.`,
              ...toEmpty(facts),
            ]
          : seeRescue),
      ],
      follows: ['store:open detached'],
      // What gives up one value keeps the row that a rescue would put a placeholder for.
      remedy: { ...rescueRemedy, helps: (facts) => !isOneValue(facts) && rescueRemedy.helps?.(facts) !== false },
    },
  },
  needs: ['home', 'store.open', 'store.bytes', 'store.integrity'],
  wants: ['store.sessions'],
  skip: withoutLedger,
  judge: ({ 'store.open': { way }, 'store.bytes': store, 'store.integrity': integrity, 'store.sessions': rows }) => {
    const { outcome, code, map } = store;
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
        ...oneValue([...inPages.map(({ text }) => text), ...problems], map?.problemCount ?? 0, rows?.impossible ?? []),
        bytesRead: map && map.pagesRead * map.pageSize,
        bytes: map && map.pages * map.pageSize,
        hidden: hidesCommits(store),
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

const notUtf8 = /\btable "sessions" holds a row \((\d{1,19})\) with a text that is not UTF-8$/;

/** The one value that all problems are about, where it is known and nothing else is wrong. */
function oneValue(
  problems: readonly string[],
  count: number,
  impossible: readonly { readonly rowid: number; readonly column: string; readonly holds: string }[],
): Facts {
  const [problem, ...more] = problems;
  const rowid = Number(notUtf8.exec(problem ?? '')?.[1] ?? Number.NaN);
  const [value, ...others] = impossible.filter((one) => one.rowid === rowid && one.holds === 'not-utf8');
  const isAll = more.length === 0 && count <= 1 && others.length === 0;
  return value && isAll && canBeEmpty(value.column) ? { column: value.column, rowid } : {};
}

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
