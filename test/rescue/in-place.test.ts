// A rescue in place is a run of the engine: the damaged ledger is kept, `runs` names it, `undo` takes it back.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const page = 4096;
const parts = ['coven.sqlite3', 'coven.sqlite3-wal'];

/** A home whose ledger has lost its header and whose rows are partly in the WAL. */
function damagedHome(path: string): string {
  const rows = Array.from({ length: 30 }, (_, index) => ({ id: `session-${index}`, status: 'completed' }));
  const home = makeHome(path, { rows, leaveWal: true });
  const bytes = readFileSync(join(home, 'coven.sqlite3'));
  writeFileSync(join(home, 'coven.sqlite3'), bytes.fill(0, 0, Math.min(page, bytes.length)));
  return home;
}

const prints = (home: string): readonly (string | null)[] =>
  parts.map((part) => {
    const path = join(home, part);
    return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : null;
  });

test('puts the rescued ledger in place, and undo puts the damaged one back byte for byte', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(join(scratch.path, 'home'));
  const before = prints(home);
  const { stdout } = await cli(['rescue', '--home', home, '--yes', '--json']);
  const told = JSON.parse(stdout) as { outcome: string; run: string; tables: { table: string; rescued: number }[] };
  expect(told.outcome).toBe('done');
  expect(told.tables.find(({ table }) => table === 'sessions')?.rescued).toBe(30);
  expect(prints(home)[0]).not.toBe(before[0]);
  expect(prints(home)[1]).toBe(null);
  const kept = readdirSync(join(home, 'doctor', 'runs', told.run, 'quarantine'));
  expect(kept.filter((name) => parts.some((part) => name.endsWith(part))).length).toBeGreaterThan(0);
  const runs = await cli(['runs', '--home', home]);
  expect(runs.stdout).toContain('rescue');
  const undone = await cli(['undo', '--home', home]);
  expect(undone.exitCode, undone.stdout + undone.stderr).toBe(0);
  expect(prints(home)).toEqual(before);
});

test('without agreement nothing is changed, and nothing is left', async () => {
  await using scratch = await makeScratch();
  const home = damagedHome(join(scratch.path, 'home'));
  const before = prints(home);
  const { exitCode, stdout } = await cli(['rescue', '--home', home]);
  expect(exitCode).toBe(5);
  expect(stdout).toContain('coven-doctor rescue --yes');
  expect(prints(home)).toEqual(before);
  expect(readdirSync(join(home, 'doctor', 'runs'))).toEqual([]);
});
