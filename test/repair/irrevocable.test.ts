import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { backUp } from '../../fixtures/backup.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { startProgram } from '../../fixtures/double.ts';
import { makeHome } from '../../fixtures/home.ts';
import { planOf, willing } from '../../fixtures/repair/plan.ts';
import { coven, makeServed } from '../../fixtures/repair/served.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { thisMachine } from '../../src/host/observations/machine.ts';
import { readStat } from '../../src/host/procfs.ts';
import { draft } from '../../src/model/remedy.ts';
import type { Action } from '../../src/model/step.ts';
import { applyPlan } from '../../src/repair/engine/apply.ts';
import { kindOf } from '../../src/repair/engine/kinds/index.ts';

function rows(home: string): readonly unknown[] {
  const db = new Database(join(home, 'coven.sqlite3'), { readonly: true });
  try {
    return db.prepare('SELECT status FROM sessions ORDER BY rowid').pluck().all();
  } finally {
    db.close();
  }
}

test('a session that began after the plan was made is not ended by a restart that was planned as safe', async () => {
  await using served = await makeServed();
  const { home } = served;
  const fix = 'sessions:orphaned orphaned';
  const plan = planOf(home, [{ fix, action: { kind: 'restart-daemon' }, phase: 'after', undo: 'none' }]);
  await served.launch();
  expect(rows(home)).toEqual(['completed', 'running']);
  const { exit, fixes } = await applyPlan(plan, willing(home));
  expect([exit, fixes.map(({ outcome, reason }) => [outcome, reason?.code])]).toEqual([
    5,
    [['refused', 'live-session']],
  ]);
  expect(rows(home)).toEqual(['completed', 'running']);
});

test('a restart that stopped the daemon and could not start it has failed: nobody says that nothing was done', async () => {
  await using served = await makeServed();
  const { home } = served;
  const db = new Database(join(home, 'coven.sqlite3'));
  db.exec(`INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at)
    VALUES ('lost', '/p', 'codex', 't', 'running', '2026-11-01T00:00:00Z', '2026-11-01T00:00:00Z')`);
  db.close();
  // The daemon that runs has its log open; the next one cannot open it.
  rmSync(join(home, 'daemon-recovery.log'));
  mkdirSync(join(home, 'daemon-recovery.log'));
  const fixed = await cli(['--home', home, '--fix', '--yes', '--json']);
  const { fixes, exitCode } = JSON.parse(fixed.stdout);
  expect(fixes.map(({ fix, outcome, reason }: Record<string, string>) => [fix, outcome, reason])).toEqual([
    ['sessions:orphaned orphaned', 'failed', 'daemon'],
  ]);
  expect([exitCode, fixed.exitCode]).toEqual([4, 4]);
  const [run] = JSON.parse((await cli(['runs', '--home', home, '--json'])).stdout).runs;
  expect(run.state).toBe('committed');
});

test('a process that did not heed its signal has had it: nobody says that nothing was done', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const child = await startProgram(scratch, 'sh', ['-c', 'trap "" TERM; echo; while :; do sleep 1; done']);
  const { startTicks = '', uid = 0, pid = 0 } = { pid: child.pid ?? 0, ...readStat(child.pid ?? 0) };
  const { bootId, pidNamespace } = thisMachine();
  const process = { bootId: bootId ?? '', pidNamespace: pidNamespace ?? '', pid, startTicks, uid };
  const action = { kind: 'end-process', process, kill: false } as const;
  const plan = planOf(home, [{ fix: 'daemon hung', phase: 'alive', undo: 'none', action }]);
  const { exit, fixes } = await applyPlan(plan, willing(home));
  expect([exit, fixes.map(({ outcome, reason }) => [outcome, reason?.code, reason?.facts.left])]).toEqual([
    4,
    [['failed', 'still-there', 'not-undoable']],
  ]);
});

test('an old backup that became the last one since the plan was made stays', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }] });
  const [old, newer] = [await backUp(home), await backUp(home)].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (!old || !newer) throw new Error('two backups were made');
  const action = { kind: 'remove-backup', run: old.id } as const;
  const plan = planOf(home, [{ fix: 'home:disk low', phase: 'alive', risk: 'lossy', undo: 'none', action }]);
  renameSync(newer.path, join(scratch.path, 'away'));
  const { exit, fixes } = await applyPlan(plan, willing(home, { allow: new Set(['safe', 'lossy']) }));
  expect([exit, fixes.map(({ reason }) => reason?.facts.fields)]).toEqual([5, ['needed']]);
  expect(existsSync(old.path)).toBe(true);
});

test('no undo is advised for a run that nobody can take back', async () => {
  await using served = await makeServed();
  const { home } = served;
  await execa(process.execPath, [coven, 'daemon', 'stop'], { env: { COVEN_HOME: home } });
  const { stdout, exitCode } = await cli(['--home', home, '--fix', '--yes', '--start-daemon']);
  expect([exitCode, stdout.includes('fixed: daemon stopped'), stdout.includes('undo 2')]).toEqual([0, true, false]);
});

const file = { kind: 'file', dev: '1', ino: '1', mode: 0o600, uid: 0, gid: 0, size: 0, mtimeNs: '0' } as const;
const was = { ...file, sha256: null };
const ledger = { main: was, wal: null, shm: null };
const process_ = { bootId: '', pidNamespace: '', pid: 2, startTicks: '0', uid: 0 };

test.each<Action>([
  { kind: 'quarantine', path: 'a', was },
  { kind: 'set-mode', path: 'a', mode: 0o600, was },
  { kind: 'set-owner', path: 'a', uid: 0, gid: 0, was },
  { kind: 'checkpoint', ledger },
  { kind: 'rebuild-index', index: 'a', ledger },
  { kind: 'rebuild-search', ledger },
  { kind: 'start-daemon' },
  { kind: 'restart-daemon' },
  { kind: 'continue-process', process: process_ },
  { kind: 'end-process', process: process_, kill: false },
  { kind: 'remove-backup', run: '20261101T000000Z-000000' },
])('a plan says of $kind whether it can be taken back', (action) => {
  expect(draft(action, 'gone').undo).toBe(kindOf(action.kind)?.undo ? 'exact' : 'none');
});
