import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { backUp as backUpHome } from '../../fixtures/backup.ts';
import { damageTable, makeHome, overwrite, withoutIndex } from '../../fixtures/home.ts';
import { endProcesses } from '../../fixtures/real-coven.ts';
import { ledgerOf, planOf, provenAs, setAside, setMode, willing } from '../../fixtures/repair/plan.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import type { Judgement } from '../../src/backup/judgement.ts';
import { backUp } from '../../src/cli/repair/run-backup.ts';
import { ledgerParts, names } from '../../src/coven/layout.ts';
import type { Action, Plan } from '../../src/model/step.ts';
import { renderApplied } from '../../src/render/fix.ts';
import { type Applied, applyPlan } from '../../src/repair/engine/apply.ts';
import { refusalOf } from '../../src/repair/engine/gate.ts';

// Each backup is proven, with several processes of its own.
vi.setConfig({ testTimeout: 300_000 });

const { signal } = new AbortController();
const outcomes = ({ fixes }: Applied): readonly string[] =>
  fixes.map(({ fix, outcome, reason }) => `${outcome} ${fix}${reason ? `: ${reason.code}` : ''}`);

function makeStopped(scratch: Scratch): string {
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }], events: 300 });
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  chmodSync(join(home, 'state.lock'), 0o644);
  scratch.onEnd(() => void endProcesses(home));
  return home;
}

/** Applies a plan as the command line does, with a backup that is made and proven. */
const apply = (home: string, plan: Plan): Promise<Applied> =>
  applyPlan(
    plan,
    willing(home, {
      backup: (run) => backUp({ home: { path: home }, backupDir: undefined, json: true }, plan, run, signal),
    }),
  );

const start = { fix: 'daemon stale', action: { kind: 'start-daemon' }, phase: 'after', undo: 'none' } as const;

const bytesOf = (home: string) =>
  [names.ledger, ...ledgerParts].map((name) => [
    name,
    existsSync(join(home, name)) ? readFileSync(join(home, name)).toString('base64') : null,
  ]);

test('a ledger whose proven copy is damaged is opened by no step, and independent fixes go on', async () => {
  await using scratch = await makeScratch();
  const home = makeStopped(scratch);
  damageTable(join(home, 'coven.sqlite3'), 'events');
  const before = bytesOf(home);
  const plan = planOf(home, [
    setMode(home, 'state.lock', 0o600, 'home:mode entry-open'),
    setAside(home, 'daemon.json', 'daemon:record invalid'),
    { fix: 'store:wal large', action: { kind: 'checkpoint', ledger: ledgerOf(home) } },
    start,
  ]);
  const applied = await apply(home, plan);
  expect(outcomes(applied)).toEqual([
    'fixed home:mode entry-open',
    'fixed daemon:record invalid',
    'refused store:wal large: unsound-ledger',
    'refused daemon stale: unsound-ledger',
  ]);
  expect(applied.exit).toBe(5);
  expect(bytesOf(home)).toEqual(before);
  expect(existsSync(join(home, 'coven.sock'))).toBe(false);
  const screen = renderApplied(applied, plan.steps, { path: home });
  expect(screen).toMatch(/refused: daemon stale: the ledger is damaged \(.+\), and opening it can make it worse\n/);
  expect(screen).toContain('Do not run any coven command');
  expect(screen).toContain('\n  coven-doctor backup list\n');
  expect(screen).toContain('\n  coven-doctor bundle\n');
});

test('commits behind a damaged frame of the WAL bar a start, which would destroy them', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), {
    rows: [{ id: 'a', status: 'completed' }],
    events: 300,
    leaveWal: true,
  });
  overwrite(join(home, 'coven.sqlite3-wal'), 32 + 24 + 100, 8, 0x5a);
  const before = bytesOf(home);
  expect(outcomes(await apply(home, planOf(home, [start])))).toEqual(['refused daemon stale: unsound-ledger']);
  expect(bytesOf(home)).toEqual(before);
});

test('a ledger whose proven copy is sound is opened', async () => {
  await using scratch = await makeScratch();
  const home = makeStopped(scratch);
  expect(outcomes(await apply(home, planOf(home, [start])))).toEqual(['fixed daemon stale']);
});

test('an index that lost an entry bars a start until it is rebuilt', async () => {
  await using scratch = await makeScratch();
  const home = makeStopped(scratch);
  withoutIndex(
    join(home, 'coven.sqlite3'),
    'idx_events_session_created_at',
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES ('z', 'a', 'output', '{}', 'x')",
  );
  expect(outcomes(await apply(home, planOf(home, [start])))).toEqual(['refused daemon stale: unsound-ledger']);
  const rebuild = {
    fix: 'store:index index-mismatch',
    action: { kind: 'rebuild-index', index: 'idx_events_session_created_at', ledger: ledgerOf(home) },
  } as const;
  expect(outcomes(await apply(home, planOf(home, [rebuild, start])))).toEqual([
    'fixed store:index index-mismatch',
    'fixed daemon stale',
  ]);
});

const identity = { bootId: 'b', pidNamespace: 'n', pid: 2, startTicks: '1', uid: 0 };
const main = {
  kind: 'file',
  dev: '1',
  ino: '1',
  mode: 0,
  uid: 0,
  gid: 0,
  size: 1,
  mtimeNs: '1',
  sha256: null,
} as const;
const ledger = { main, wal: null, shm: null };
const everyAction: readonly (readonly [fix: string, Action])[] = [
  ['daemon stale', { kind: 'start-daemon' }],
  ['daemon:health timeout', { kind: 'restart-daemon' }],
  ['daemon hung', { kind: 'continue-process', process: identity }],
  ['daemon unreachable', { kind: 'end-process', process: identity, kill: false }],
  ['sessions:processes unowned', { kind: 'end-process', process: identity, kill: true }],
  ['store:wal large', { kind: 'checkpoint', ledger }],
  ['store:index index-mismatch', { kind: 'rebuild-index', index: 'i', ledger }],
  ['store:index search-index', { kind: 'rebuild-search', ledger }],
  ['undo', { kind: 'swap-ledger', run: 'r', item: '1', ledger, to: ledger }],
  ['home:mode entry-open', { kind: 'set-mode', path: '.', mode: 0o700, was: main }],
  ['home:owner foreign-entries', { kind: 'set-owner', path: '.', uid: 0, gid: 0, was: main }],
  ['daemon:socket stale', { kind: 'quarantine', path: 'coven.sock', was: main }],
  ['undo', { kind: 'put-back', path: 'coven.sock', run: 'r', item: '1', was: main }],
  ['home:disk low', { kind: 'remove-backup', run: 'r' }],
];

test.each<[string, Judgement, boolean, readonly string[]]>([
  [
    'damage',
    { damage: ['page 3'], indexes: [], search: [] },
    true,
    [
      'daemon stale',
      'daemon:health timeout',
      'daemon hung',
      'daemon unreachable',
      'store:wal large',
      'store:index index-mismatch',
      'store:index search-index',
    ],
  ],
  [
    'an index',
    { damage: [], indexes: ['row 7 missing from index i'], search: [] },
    false,
    [
      'daemon stale',
      'daemon:health timeout',
      'daemon hung',
      'daemon unreachable',
      'store:wal large',
      'store:index search-index',
    ],
  ],
  ['an index that is rebuilt', { damage: [], indexes: ['row 7 missing from index i'], search: [] }, true, []],
  ['the full-text index', { damage: [], indexes: [], search: ['malformed inverted index'] }, false, []],
])('what is barred by %s', (_what, judgement, rebuilt, barred) => {
  const backup = { ...provenAs('b'), judgement };
  const refused = everyAction.filter(([fix, action]) => {
    const step = { id: '1', fix, action, phase: 'gone', risk: 'safe', undo: 'exact', requires: [] } as const;
    return refusalOf(step, backup, rebuilt)?.code === 'unsound-ledger';
  });
  expect(refused.map(([fix]) => fix)).toEqual(barred);
});

test('a backup records whether every page, row and index of its ledger is intact', async () => {
  await using scratch = await makeScratch();
  const home = makeStopped(scratch);
  expect((await backUpHome(home)).manifest.ledgers).toMatchObject([{ sound: true }]);
  damageTable(join(home, 'coven.sqlite3'), 'store_meta');
  expect((await backUpHome(home)).manifest.ledgers).toMatchObject([{ sound: false }]);
});
