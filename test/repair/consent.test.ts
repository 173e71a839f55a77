import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { request } from '../../fixtures/real-coven.ts';
import { planOf, willing } from '../../fixtures/repair/plan.ts';
import { makeServed } from '../../fixtures/repair/served.ts';
import { thisMachine } from '../../src/host/observations/machine.ts';
import { readStat } from '../../src/host/procfs.ts';
import { barredSteps, type Plan } from '../../src/model/step.ts';
import { applyPlan } from '../../src/repair/engine/apply.ts';

function running(home: string): number {
  const db = new Database(join(home, 'coven.sqlite3'), { readonly: true });
  try {
    return db.prepare("SELECT count(*) FROM sessions WHERE status = 'running'").pluck().get() as number;
  } finally {
    db.close();
  }
}

const restart = (ends: readonly string[]) =>
  ({
    fix: 'sessions:orphaned orphaned',
    action: { kind: 'restart-daemon', ends },
    phase: 'after',
    undo: 'none',
    risk: 'disruptive',
  }) as const;

const agreed = { allow: new Set(['safe', 'disruptive', 'lossy'] as const) };

test('consent to end one session ends one: two that began since are more than was agreed to', async () => {
  await using served = await makeServed();
  const { home, launch } = served;
  const first = await launch();
  const plan = planOf(home, [restart([first])]);
  const second = await launch();
  await launch();
  const { exit, fixes, runId } = await applyPlan(plan, willing(home, agreed));
  expect([exit, runId, fixes.map(({ outcome, reason }) => [outcome, reason?.code, reason?.facts.count])]).toEqual([
    5,
    null,
    [['refused', 'live-session', 2]],
  ]);
  expect(running(home)).toBe(3);
  // What is named is ended.
  const whole = planOf(home, [restart([first, second, ...(await others(home, [first, second]))])]);
  expect((await applyPlan(whole, willing(home, agreed))).exit).toBe(0);
  expect(running(home)).toBe(0);
});

async function others(home: string, known: readonly string[]): Promise<readonly string[]> {
  const db = new Database(join(home, 'coven.sqlite3'), { readonly: true });
  const all = db.prepare("SELECT id FROM sessions WHERE status = 'running'").pluck().all() as string[];
  db.close();
  return all.filter((id) => !known.includes(id));
}

test('a daemon is not ended with sessions that nobody was shown', async () => {
  await using served = await makeServed();
  const { home, launch } = served;
  const first = await launch();
  await launch();
  const pid = Number(((await request(home, 'GET', '/health')) as { readonly daemon: { pid: number } }).daemon.pid);
  const { bootId, pidNamespace } = thisMachine();
  const stat = readStat(pid);
  if (!stat || bootId === null || pidNamespace === null) throw new Error('the daemon is not to be seen');
  const process_ = { bootId, pidNamespace, pid, startTicks: stat.startTicks, uid: stat.uid };
  const action = { kind: 'end-process', process: process_, kill: false, ends: [first] } as const;
  const plan = planOf(home, [{ fix: 'daemon unreachable', action, phase: 'alive', undo: 'none', risk: 'disruptive' }]);
  const { exit, fixes } = await applyPlan(plan, willing(home, agreed));
  expect([exit, fixes[0]?.reason?.code]).toEqual([5, 'live-session']);
  expect(readStat(pid)?.startTicks).toBe(stat.startTicks);
});

test('a saved plan covers the sessions that it names, and no others', async () => {
  await using served = await makeServed();
  const { home, launch, env, path } = served;
  // An event writer that failed is what a restart is planned for; rows of a dead run are, too.
  const db = new Database(join(home, 'coven.sqlite3'));
  db.exec(
    "INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('left', '/', 'codex', 't', 'running', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')",
  );
  db.close();
  const live = await launch();
  const file = join(path, 'plan.json');
  const run = (...words: readonly string[]) => cli([...words, '--home', home], { env });
  const planned = await run('plan', '--allow', 'disruptive', '-o', file, '--json');
  const saved = JSON.parse(planned.stdout) as Plan;
  const step = saved.steps.find(({ action }) => action.kind === 'restart-daemon');
  expect(step).toMatchObject({ risk: 'disruptive', action: { ends: [live] } });
  await launch();
  const { exitCode, stderr } = await run('apply', file, '--allow', 'disruptive', '--yes');
  expect([exitCode, stderr]).toEqual([5, expect.stringContaining('what it rests on has changed')]);
  expect(running(home)).toBe(3);
});

describe('a plan of which nothing is allowed', () => {
  test('is not asked about: it says which option allows it', async () => {
    await using served = await makeServed();
    const { home, launch, env } = served;
    const db = new Database(join(home, 'coven.sqlite3'));
    db.exec(
      "INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('left', '/', 'codex', 't', 'running', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')",
    );
    db.close();
    await launch();
    const { stdout, exitCode } = await cli(['--fix', '--yes', '--home', home], { env });
    expect(exitCode).toBe(5);
    expect(stdout).not.toContain('[y/N]');
    expect(stdout).toContain('coven-doctor --fix --allow disruptive');
    expect(running(home)).toBe(2);
    expect(readdirSync(home)).not.toContain('doctor');
  });

  test('is told from one of which something is', () => {
    const step = (fix: string, risk: 'safe' | 'lossy', requires: readonly string[] = []) => ({
      ...({ id: fix, action: { kind: 'start-daemon' }, phase: 'after', undo: 'none' } as const),
      ...{ fix, risk, requires },
    });
    const steps = [step('a', 'lossy'), step('b', 'safe', ['a']), step('c', 'safe')];
    expect(barredSteps({ steps }, new Set(['safe'])).map(({ fix }) => fix)).toEqual(['a', 'b']);
    expect(barredSteps({ steps }, new Set(['safe', 'lossy']))).toEqual([]);
  });
});
