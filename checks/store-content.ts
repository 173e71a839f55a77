import { passOfRows, rowsUnread, withoutRows } from '../src/coven/gates.ts';
import { type Advice, command } from '../src/model/advice.ts';
import { bytes, count } from '../src/model/amounts.ts';
import { defineCheck, type Finding, fail, from, warn } from '../src/model/check.ts';

const target = '<coven-home>/coven.sqlite3';

/** Where pages or frames are lost, rows are missing for that. */
const damage = [
  'store:integrity corrupt',
  'store:index index-mismatch',
  'store:wal torn',
  'store:wal cut',
  'store:wal foreign',
];

const backUp: Advice = ['Keep a copy before anything is changed:', command('coven-doctor', 'backup', 'create')];

/** What SQLite takes without a word, and Coven cannot list, read or go on with. */
export const storeContent = defineCheck({
  id: 'store:content',
  category: 'store',
  title: 'Coven can list, read and go on with what the ledger holds',
  explain:
    'SQLite keeps whatever another program or an import wrote. Coven never recovers or ends a session with a status that is spelt otherwise than its own; ' +
    'no command of Coven reads events of a session that is not there; an event that is larger than an answer of the daemon stops every client ' +
    'of its API there; and events whose numbers have come to their end are no longer in order.',
  causes: {
    ok: {
      message: ({ complete }) =>
        complete
          ? 'every event has its session, and new ones can still be numbered'
          : 'no session has a misspelt status; not every event was checked',
    },
    'sequence-at-end': {
      message: () =>
        'the events have come to the last number that SQLite has: new ones get numbers by chance, and are no longer in their order',
      hint: () => [
        'An import or another program wrote it. Ask for support before more sessions run.',
        ...backUp,
        'This shows the last numbers (it takes the `sqlite3` shell):',
        command(
          'sqlite3',
          '-readonly',
          '<coven-home>/coven.sqlite3',
          'SELECT rowid, session_id, kind FROM events ORDER BY rowid DESC LIMIT 5',
        ),
      ],
      follows: damage,
    },
    'unknown-status': {
      message: ({ sessions, id }) =>
        `${count(sessions, 'session has', 'sessions have')} a status that is spelt otherwise than Coven does (${id}): it never recovers or ends them`,
      hint: ({ id }) => [
        'No known Coven writes that. It hides such a session from the list, with its events kept:',
        command('coven', 'archive', String(id)),
      ],
      follows: damage,
    },
    'lost-session': {
      message: ({ sessions, most, id }) =>
        `there are events of ${most ? 'at least ' : ''}${count(sessions, 'session that is', 'sessions that are')} not in the ledger (${id}): no command of Coven lists or reads them`,
      hint: () => [
        'Their rows were removed by another program than Coven, or lost in a restore: a backup from before may have them. This counts what is there (it takes the `sqlite3` shell):',
        command(
          'sqlite3',
          '-readonly',
          '<coven-home>/coven.sqlite3',
          'SELECT session_id, count(*) FROM events WHERE session_id NOT IN (SELECT id FROM sessions NOT INDEXED) GROUP BY 1',
        ),
      ],
      follows: damage,
    },
    'event-too-large': {
      message: ({ id, size }) =>
        `an event of session ${id} is larger (${bytes(size)}) than the daemon answers with: its clients read the session up to there, and no further`,
      hint: ({ id }) => [
        'Nothing is lost. These read it without the daemon:',
        command('coven-doctor', 'sessions', 'show', String(id)),
      ],
      follows: damage,
    },
    ...rowsUnread,
  },
  needs: ['home', 'store.open', 'store.sessions'],
  wants: ['store.bytes', 'store.integrity'],
  skip: withoutRows,
  judge: ({ 'store.sessions': { content }, ...seen }) => {
    const { unknownStatus, lost, sequenceAtEnd, largeEvent } = content;
    const found: Finding[] = [];
    const about = (facts: Record<string, string | number | boolean | null>) => ({
      facts,
      evidence: from('store.sessions', facts),
    });
    if (sequenceAtEnd) found.push(fail('sequence-at-end', target, about({ sequenceAtEnd })));
    const [first] = unknownStatus;
    if (first)
      found.push(
        warn('unknown-status', target, about({ sessions: unknownStatus.length, id: first.id, status: first.status })),
      );
    if (lost && lost.length > 0)
      found.push(
        warn('lost-session', target, about({ sessions: lost.length, most: lost.length === 20, id: lost[0] ?? null })),
      );
    if (largeEvent)
      found.push(warn('event-too-large', target, about({ id: largeEvent.sessionId, size: largeEvent.bytes })));
    // Which sessions events name is asked of an index, and what nobody read of the pages may belie that.
    const isMapped = seen['store.bytes']?.map?.mapped ?? false;
    const complete = lost !== null && sequenceAtEnd !== null && isMapped;
    return found.length > 0 ? found : passOfRows(seen, ['sessions', 'events'], target, about({ complete }));
  },
});
