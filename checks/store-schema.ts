import { preserve } from '../src/coven/advice.ts';
import { withoutLedger } from '../src/coven/gates.ts';
import { names } from '../src/coven/layout.ts';
import { hidesRows, isUnfinished } from '../src/coven/ledger.ts';
import { coreColumns } from '../src/coven/tables.ts';
import { type Advice, command } from '../src/model/advice.ts';
import { count } from '../src/model/amounts.ts';
import { defineCheck, type Facts, fail, from, pass, warn } from '../src/model/check.ts';
import type { Entries, ImpossibleValue } from '../src/model/observation.ts';

const target = '<coven-home>/coven.sqlite3';

const holding: Readonly<Record<ImpossibleValue['holds'], string>> = {
  blob: 'a BLOB',
  text: 'a text',
  real: 'a fraction',
  integer: 'a number',
  'not-utf8': 'text that is not UTF-8',
  'beyond-32-bits': 'a number beyond 32 bits',
  'not-json': 'text that is not JSON',
  'not-a-list': 'JSON that is no list of texts',
  'not-an-object': 'JSON that is no execution binding',
};

/** Whether a value is known that Coven itself writes there. */
export const canBeEmpty = (column: string): boolean => column in without;

/** What Coven itself writes into these columns of a session that has nothing there. */
const without: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      'exit_code',
      'archived_at',
      'conversation_id',
      'labels',
      'familiar_id',
      'execution_binding_json',
      'transcript_path',
    ].map((column) => [column, 'NULL']),
  ),
  external: '0',
  visibility: "'private'",
  title: "'untitled'",
};

/** Gives up one value of a session: its row, and all else of it, stays. */
export function toEmpty({ column, rowid }: Facts): Advice {
  const empty = without[String(column)];
  if (empty === undefined) return ['Ask for support: no known value stands for a lost one in this column.'];
  return [
    'Then give up that one value (this takes the `sqlite3` shell):',
    command('sqlite3', '<coven-home>/coven.sqlite3', `UPDATE sessions SET ${column} = ${empty} WHERE rowid = ${rowid}`),
  ];
}

/** The core tables and columns are there, and the values of sessions are of their types; whatever else a ledger holds is fine. */
export const storeSchema = defineCheck({
  id: 'store:schema',
  category: 'store',
  title: 'The ledger has its core tables',
  explain:
    'Without `sessions` or `events`, or a column that every release had, Coven cannot work. Other tables, and columns that Coven adds ' +
    'when it opens an older ledger, are not judged. SQLite keeps any value in any column, and Coven lists no session at all where one row ' +
    'has a value of another type than it reads: each row of the sessions is held against those types.',
  causes: {
    ok: {
      message: ({ tables, unfinished, partly }) =>
        unfinished
          ? 'the command that made the ledger did not finish; the next coven command makes the other tables'
          : `the ledger has ${tables} tables, every core table among them${partly ? '; not every session was checked for values that Coven cannot read' : ''}`,
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
    'impossible-value': {
      message: ({ id, rowid, column, holds, more }) =>
        `session ${id} (row ${rowid}) has ${holding[holds as ImpossibleValue['holds']]} in ${column}: Coven refuses ` +
        `${column === 'execution_binding_json' ? 'to open the ledger, so that no daemon starts' : 'to list any session'}` +
        `${Number(more) > 0 ? ` (and ${count(more, 'more such value', 'more such values')})` : ''}`,
      hint: (facts) => ['No version of Coven is at fault: this one row is.', ...preserve(facts), ...toEmpty(facts)],
      follows: ['store:integrity corrupt'],
    },
    'artifact-key-missing': {
      message: ({ artifacts }) =>
        `<coven-home>/keys/session-artifacts.key is missing: ${count(artifacts, 'encrypted record')} in the ledger cannot be read without it`,
      hint: () =>
        'Put that file back from a backup of this home. Do it before Coven makes a new key at the next record, which opens none of the old ones.',
    },
    'artifact-key-replaced': {
      message: ({ artifacts, oldestArtifactAt, keyAt }) =>
        `<coven-home>/keys/session-artifacts.key is of ${keyAt}, and ${count(artifacts, 'encrypted record')} in the ledger, the first of ${oldestArtifactAt}, were made before: where it is another key, those cannot be read`,
      hint: () => [
        'Coven makes a new key in silence where it finds none. Keep this one, since newer records need it, before you put the old one back from a backup:',
        command('cp', '-p', '<coven-home>/keys/session-artifacts.key', '<coven-home>/keys/session-artifacts.key.new'),
      ],
    },
    'artifact-key-invalid': {
      message: ({ artifacts, keySize }) =>
        `<coven-home>/keys/session-artifacts.key is no key (${keySize === null ? 'not a regular file' : `${keySize} of 64 characters`}): ${count(artifacts, 'encrypted record')} in the ledger cannot be read`,
      hint: () =>
        'Put that file back from a backup of this home. Keep the one that is there until the records can be read.',
    },
  },
  needs: ['home', 'home.entries', 'store.open', 'store.integrity', 'store.sessions'],
  wants: ['store.bytes'],
  skip: withoutLedger,
  judge: ({
    'store.open': open,
    'store.integrity': integrity,
    'store.sessions': sessions,
    'home.entries': entries,
    'store.bytes': bytes,
  }) => {
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
      // Of many or damaged sessions not all are read, and nothing is claimed of the others.
      partly:
        !sessions.impossibleComplete || hidesRows({ 'store.bytes': bytes, 'store.integrity': integrity }, 'sessions'),
    };
    const rest = { facts, evidence: from('store.open', facts) };
    if (facts.unfinished) return [pass(target, rest)];
    const found = [];
    if (missing.length > 0) found.push(fail('missing-tables', target, rest));
    if (lacking.length > 0) found.push(fail('missing-columns', target, rest));
    const [value] = sessions.impossible;
    if (value) {
      const more = sessions.impossible.length - 1;
      found.push(
        fail('impossible-value', target, {
          facts: { ...facts, ...value, more },
          evidence: from('store.sessions', { ...value, more }),
        }),
      );
    }
    const key = keyProblem(entries, sessions.oldestArtifactAt);
    if (key !== null && sessions.artifacts > 0) {
      const { artifacts, oldestArtifactAt } = sessions;
      const told = { artifacts, keySize: key.size, ...(key.at && { oldestArtifactAt, keyAt: key.at }) };
      found.push(
        (key.at ? warn : fail)(key.code, '<coven-home>/keys/session-artifacts.key', {
          facts: { ...facts, ...told },
          evidence: [
            ...from('store.sessions', { artifacts, ...(key.at && { oldestArtifactAt }) }),
            ...from('home.entries', { 'keys/session-artifacts.key': key.at ?? key.size }),
          ],
        }),
      );
    }
    return found.length > 0 ? found : [pass(target, rest)];
  },
});

/** Hexadecimal digits of a key: Coven 0.4.6 writes a line end behind them, and takes a key without one (tried). */
const keyDigits = 64;

/** A record is written some time after the key that it is the first to need. */
const firstRecordMs = 60_000;

function keyProblem({ list, complete, unreadable }: Entries, oldest: string | null) {
  const name = 'keys/session-artifacts.key';
  const key = list.find((entry) => entry.name === name);
  const problem = (code: string, size: number | null, at: string | null = null) => ({ code, size, at });
  if (key?.kind === 'file' && key.size < keyDigits) return problem('artifact-key-invalid', key.size);
  if (key?.kind === 'file') {
    // Coven never writes into its lock of the state: where that is as new, the whole home was copied without its times.
    const witness = list.find((entry) => entry.name === names.stateLock);
    const before = Date.parse(oldest ?? '') + firstRecordMs;
    const isNew = Date.parse(key.modifiedAt) > before && witness && Date.parse(witness.modifiedAt) < before;
    return isNew ? problem('artifact-key-replaced', key.size, key.modifiedAt) : null;
  }
  if (key) return problem('artifact-key-invalid', null);
  const isHidden = !complete || unreadable.includes(name) || unreadable.includes('keys');
  return isHidden ? null : problem('artifact-key-missing', null);
}
