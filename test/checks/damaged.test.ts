// A pass is a claim about what was read: beside damage, no check claims anything of rows that nobody saw.
import { describe, expect, it } from 'vitest';
import { checks } from '../../checks/index.ts';
import { storeContent } from '../../checks/store-content.ts';
import { storeIntegrity } from '../../checks/store-integrity.ts';
import { storeRehearsal } from '../../checks/store-rehearsal.ts';
import { storeSchema } from '../../checks/store-schema.ts';
import { type Changes, changed, healthy, said, stopped } from '../../fixtures/seen.ts';
import type { Check } from '../../src/model/check.ts';
import type { PageBytes, WalBytes } from '../../src/model/observation.ts';
import { say } from '../../src/model/say.ts';

const map = healthy['store.bytes'].map as PageBytes;
const pagesOf = (table: string | null): Changes => ({
  'store.bytes': {
    map: { ...map, problems: [{ kind: 'twice', text: 'page 7 is used twice', table, search: false }], problemCount: 1 },
  },
});
const wal = (more: Partial<WalBytes>): Changes => ({
  'store.files': { wal: { kind: 'file', size: 8192, mode: 0o600, readable: true } },
  'store.bytes': {
    wal: {
      ...{ state: 'sound', frames: 3, visibleCommits: 1, hiddenCommits: 0, tornCommits: 0, foreign: false },
      ...more,
    } as WalBytes,
  },
});
const unreadTable = (table: string): Changes => ({
  'store.integrity': {
    complete: false,
    tables: [{ table, rowsRead: 1, rowsAbout: 9, complete: false, problem: 'SQLITE_CORRUPT' }],
  },
});
const rehearsed: Changes = { 'store.rehearsal': { outcome: 'opened', reason: null, version: '0.4.6', written: true } };

/** These say nothing of rows: that the ledger opens, which tables it has, and what its WAL and the pages that were read are like. */
const aboutOther = ['store:open', 'store:schema', 'store:wal', 'store:integrity'];
const sessionsToo = ['sessions:orphaned', 'sessions:churn', 'sessions:leases'];
const ofAutomations = 'sessions:automations';

const ofRows = ({ id }: Check): boolean =>
  (id.startsWith('store:') || (id.startsWith('sessions:') && id !== 'sessions:processes')) && !aboutOther.includes(id);

const passing = (seen: Changes, base = stopped): readonly string[] =>
  checks
    .filter(ofRows)
    .filter((check) => said(check, changed(changed(base, rehearsed), seen)).includes('pass ok'))
    .map(({ id }) => id);

describe('checks of rows that pass beside', () => {
  const all = ['store:index', 'store:content', 'store:rehearsal', 'sessions:stranded', ...sessionsToo, ofAutomations];
  it.each([
    ['no damage', {}, all],
    ['pages of events that are damaged', pagesOf('events'), [...sessionsToo, ofAutomations]],
    ['pages of sessions that are damaged', pagesOf('sessions'), [ofAutomations]],
    [
      'pages of automations that are damaged',
      pagesOf('automation_runs'),
      ['store:content', 'sessions:stranded', ...sessionsToo],
    ],
    ['damaged pages of nobody knows which table', pagesOf(null), []],
    ['events that SQLite cannot read', unreadTable('events'), [...sessionsToo, ofAutomations]],
    ['sessions that SQLite cannot read', unreadTable('sessions'), [ofAutomations]],
    ['a problem that SQLite tells of', { 'store.integrity': { problems: ['Tree 4: freelist'] } }, []],
    ['commits that the WAL hides', wal({ hiddenCommits: 2 }), []],
    ['a WAL that is damaged at its end', wal({ tornCommits: 1 }), []],
    ['commits that are gone from the WAL', { 'store.bytes': { lostFrames: 3 } }, []],
  ] satisfies readonly (readonly [string, Changes, readonly string[]])[])('%s', (_, seen, expected) => {
    expect([...passing(seen)].sort()).toEqual([...expected].sort());
    expect([...passing(seen, healthy)].sort()).toEqual([...expected].sort());
  });
});

it('faults of rows that were read are told beside damage', () => {
  const content = { unknownStatus: [], lost: ['a'], sequenceAtEnd: false, largeEvent: null };
  const seen = changed(healthy, { ...pagesOf('events'), 'store.sessions': { content } });
  expect(said(storeContent, seen)).toEqual(['warn lost-session']);
  const refused = changed(changed(healthy, pagesOf('events')), {
    'store.rehearsal': { outcome: 'refused', said: 'no' },
  });
  expect(said(storeRehearsal, refused)).toEqual(['fail refused ! ledger-cannot-open']);
});

describe('what a pass says where not all was read', () => {
  const told = async (check: Check, seen: Changes): Promise<string> => {
    const [finding] = await check.judge(changed(healthy, seen), new AbortController().signal);
    return finding ? `${finding.status}: ${say(check, finding).message}` : '';
  };
  const events = { unknownStatus: [], lost: [], sequenceAtEnd: false, largeEvent: null };

  it.each([
    [
      storeContent,
      { 'store.bytes': { outcome: 'not-read', map: null }, 'store.sessions': { content: events } },
      'pass: no session has a misspelt status; not every event was checked',
    ],
    [
      storeContent,
      { 'store.sessions': { content: events } },
      'pass: every event has its session, and new ones can still be numbered',
    ],
    [
      storeRehearsal,
      { 'store.rehearsal': { outcome: 'opened', version: '0.4.6', written: false } },
      'pass: Coven 0.4.6 opens a copy of this ledger; whether it can be written to was not tried',
    ],
    [
      storeSchema,
      pagesOf('sessions'),
      'pass: the ledger has 3 tables, every core table among them; not every session was checked for values that Coven cannot read',
    ],
    [
      storeIntegrity,
      wal({ hiddenCommits: 2 }),
      'pass: no damage in the 640 KiB that SQLite reads; what its damaged WAL hides is not part of that',
    ],
  ] satisfies readonly (readonly [Check, Changes, string])[])('$id', async (check, seen, expected) => {
    expect(await told(check, seen)).toBe(expected);
  });
});
