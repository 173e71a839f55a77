import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { backUp, backupsOf } from '../../fixtures/backup.ts';
import { diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { brokenFixes, copyHome, makeBroken, planBroken } from '../../fixtures/repair/broken.ts';
import { holdLock } from '../../fixtures/repair/held.ts';
import { planOf, provenAs, setAside, setMode, willing } from '../../fixtures/repair/plan.ts';
import { linesOf } from '../../fixtures/repair/state.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import type { Plan, Step } from '../../src/model/step.ts';
import { digestOf } from '../../src/repair/digest.ts';
import { type Applied, applyPlan } from '../../src/repair/engine/apply.ts';
import { recoverRuns } from '../../src/repair/engine/recover.ts';
import { listRuns, neededBackups } from '../../src/repair/engine/runs.ts';
import type { Progress } from '../../src/repair/engine/transaction.ts';
import { pathsOf } from '../../src/repair/paths.ts';

const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.log('owners cannot be changed here: what needs root is skipped');

/** A sound home with a record that nobody needs. */
function makeRecordHome({ path }: Scratch): string {
  const home = makeHome(join(path, 'home'));
  writeFileSync(join(home, 'daemon.json'), '{"pid":4242}\n', { mode: 0o600 });
  writeFileSync(join(home, 'repos.toml'), '# none\n', { mode: 0o644 });
  return home;
}

const told = ({ fixes }: Applied): readonly string[] =>
  fixes.map(({ fix, outcome, reason }) => `${fix}: ${outcome}${reason ? ` ${reason.code}` : ''}`);

const changed = (plan: Plan, change: Partial<Plan>): Plan => {
  const next = { ...plan, ...change };
  return { ...next, digest: digestOf(next) };
};

const withStep = (step: Step | undefined, change: object): Step => {
  if (!step) throw new Error('no such step');
  return { ...step, ...change };
};

test('every kind of step: the plan is done, the run is private, and a second plan of it is refused', async () => {
  await using scratch = await makeScratch('memory');
  const home = await makeBroken(join(scratch.path, 'home'));
  const before = linesOf(home);
  const plan = planBroken(home);
  const applied = await applyPlan(plan, willing(home));
  expect(told(applied)).toEqual(Object.keys(brokenFixes).map((fix) => `${fix}: fixed`));
  expect(applied.exit).toBe(0);
  expect(linesOf(home)).not.toEqual(before);
  const modes = readdirSync(join(home, 'doctor'), { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.includes('quarantine/'))
    .map((name) => statSync(join(home, 'doctor', name)))
    .map((stat) => `${stat.isDirectory() ? 'folder' : 'file'} ${(stat.mode & 0o7777).toString(8)}`);
  expect([...new Set(modes)].sort()).toEqual(['file 600', 'folder 700']);
  expect(listRuns(home).map(({ id, state, fixes }) => ({ id, state, fixes: fixes.length }))).toEqual([
    { id: applied.runId, state: 'committed', fixes: Object.keys(brokenFixes).length },
  ]);
  const again = await applyPlan(plan, willing(home));
  expect([again.exit, again.runId, ...new Set(again.fixes.map(({ reason }) => reason?.code))]).toEqual([
    5,
    null,
    'drift',
  ]);
});

test('a folder of ours in a home changes no diagnosis', async () => {
  await using scratch = await makeScratch();
  const home = makeRecordHome(scratch);
  rmSync(join(home, 'daemon.json'));
  const { all } = await diagnose(home);
  await applyPlan(planOf(home, [setMode(home, 'repos.toml', 0o600)]), willing(home));
  expect(existsSync(join(home, 'doctor', 'runs'))).toBe(true);
  expect((await diagnose(home)).all).toEqual(all);
});

describe('drift after the plan is refused, and nothing is changed', () => {
  const record = (home: string): string => join(home, 'daemon.json');
  const drifts: Readonly<Record<string, (home: string) => void>> = {
    absent: (home) => rmSync(record(home)),
    kind: (home) => {
      rmSync(record(home));
      mkdirSync(record(home));
    },
    ino: (home) => {
      const { atime, mtime } = statSync(record(home));
      writeFileSync(`${record(home)}.new`, readFileSync(record(home)), { mode: 0o600 });
      renameSync(`${record(home)}.new`, record(home));
      utimesSync(record(home), atime, mtime);
    },
    mode: (home) => chmodSync(record(home), 0o640),
    ...(isRoot && {
      uid: (home: string) => chownSync(record(home), 1000, 0),
      gid: (home: string) => chownSync(record(home), 0, 1000),
    }),
    size: (home) => writeFileSync(record(home), '{"pid":4242}\n\n'),
    mtimeNs: (home) => utimesSync(record(home), 1, 1),
    sha256: (home) => writeFileSync(record(home), '{"pid":4343}\n'),
  };
  test.each(Object.keys(drifts))('%s', async (field) => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    utimesSync(record(home), 1000, 1000);
    const plan = planOf(home, [setAside(home, 'daemon.json')]);
    drifts[field]?.(home);
    if (field === 'sha256') utimesSync(record(home), 1000, 1000);
    const before = linesOf(home);
    const { exit, fixes, runId } = await applyPlan(plan, willing(home));
    expect([exit, runId, fixes[0]?.reason?.code, fixes[0]?.reason?.facts.path]).toEqual([
      5,
      null,
      'drift',
      'daemon.json',
    ]);
    expect(String(fixes[0]?.reason?.facts.fields).split(' ')).toContain(field);
    expect(linesOf(home)).toEqual(before);
  });

  test('of another device', async () => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    const { action, fix } = setAside(home, 'daemon.json');
    if (action.kind !== 'quarantine') throw new Error('not a quarantine');
    const plan = planOf(home, [{ fix, action: { ...action, was: { ...action.was, dev: '1' } } }]);
    const { exit, fixes } = await applyPlan(plan, willing(home));
    expect([exit, fixes[0]?.reason]).toEqual([5, { code: 'drift', facts: { path: 'daemon.json', fields: 'dev' } }]);
  });

  test('in the very moment of the act, a symlink or a FIFO put in its place included', async () => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    const elsewhere = join(scratch.path, 'elsewhere');
    writeFileSync(elsewhere, 'not the home', { mode: 0o644 });
    const plan = planOf(home, [setMode(home, 'repos.toml', 0o600, 'a'), setAside(home, 'daemon.json', 'b')]);
    const tell = (progress: Progress): void => {
      if (progress.stage !== 'take') return;
      const path = join(home, pathsOf(progress.step.action)[0] ?? '');
      renameSync(path, `${path}.old`);
      symlinkSync(elsewhere, path);
    };
    const { exit, fixes } = await applyPlan(plan, willing(home, { tell }));
    expect([exit, ...fixes.map(({ outcome, reason }) => `${outcome} ${reason?.code}`)]).toEqual([
      5,
      'refused drift',
      'refused drift',
    ]);
    expect(statSync(elsewhere).mode & 0o777).toBe(0o644);
    expect(readFileSync(join(home, 'daemon.json.old'), 'utf8')).toBe('{"pid":4242}\n');
  });
});

test('a plan for something else is refused whole: altered, another home, another boot, expired, a risk not allowed', async () => {
  await using scratch = await makeScratch('memory');
  const home = makeRecordHome(scratch);
  const plan = planOf(home, [setAside(home, 'daemon.json')]);
  const before = linesOf(home);
  const [step] = plan.steps;
  const plans: Readonly<Record<string, Plan>> = {
    altered: { ...plan, steps: [withStep(step, { id: '2' })] },
    'other-home': changed(plan, { home: { dev: '1', ino: '2' } }),
    'other-boot': changed(plan, { machine: { ...plan.machine, bootId: 'another' } }),
    expired: changed(plan, { expiresAt: new Date(Date.now() - 1).toISOString() }),
    risk: changed(plan, { steps: [withStep(step, { risk: 'lossy' })] }),
    vocabulary: changed(plan, { steps: [withStep(step, { action: { kind: 'no-such-kind' } })] }),
  };
  for (const [code, other] of Object.entries(plans)) {
    const { exit, runId, fixes } = await applyPlan(other, willing(home));
    expect([exit, runId, fixes.map(({ outcome, reason }) => `${outcome} ${reason?.code}`)]).toEqual([
      5,
      null,
      [`refused ${code}`],
    ]);
  }
  expect(linesOf(home)).toEqual(before);
});

test('one failing fix is rolled back and stops only what rests on it', async () => {
  await using scratch = await makeScratch('memory');
  const home = await makeBroken(join(scratch.path, 'home'));
  const before = linesOf(home);
  const fixed = linesOf(home);
  const plan = planOf(home, [
    setAside(home, 'coven.sqlite3-wal', 'wal'),
    // The second step of the fix fails: its place in the quarantine is taken.
    setAside(home, 'coven.sqlite3-shm', 'wal'),
    { ...setAside(home, 'daemon.json', 'record'), requires: ['wal'] },
    setAside(home, 'coven.sock', 'socket'),
  ]);
  const tell = ({ stage, ...rest }: Progress): void => {
    if (stage === 'take' && 'step' in rest && rest.step.id === '2') rmSync(join(home, 'coven.sqlite3-shm'));
  };
  const applied = await applyPlan(plan, willing(home, { tell }));
  expect(told(applied)).toEqual(['wal: rolled-back drift', 'record: refused requires', 'socket: fixed']);
  expect(applied.exit).toBe(4);
  const left = linesOf(home);
  expect(fixed.filter((line) => !left.includes(line)).map((line) => line.split(' ')[0])).toEqual([
    './coven.sock',
    './coven.sqlite3-shm',
  ]);
  expect(before.length - left.length).toBe(2);
});

test('a fix whose cause is still there, or cannot be told, is rolled back; a recheck that fails proves nothing', async () => {
  await using scratch = await makeScratch('memory');
  const home = await makeBroken(join(scratch.path, 'home'));
  const before = linesOf(home);
  const three = (): Plan => planBroken(home, ['home:mode entry-open', 'daemon:socket stale', 'odd kinds']);
  const verdicts = ['still-there', 'unknown', 'gone'] as const;
  const applied = await applyPlan(
    three(),
    willing(home, { recheck: async (fixes) => fixes.map((fix, at) => ({ fix, verdict: verdicts[at] ?? 'gone' })) }),
  );
  expect(told(applied)).toEqual([
    'home:mode entry-open: rolled-back still-there',
    'daemon:socket stale: rolled-back not-verified',
    'odd kinds: fixed',
  ]);
  const again = await applyPlan(
    planBroken(home, ['daemon:socket stale']),
    willing(home, { recheck: () => Promise.reject(new Error('no')) }),
  );
  expect([again.exit, ...told(again)]).toEqual([4, 'daemon:socket stale: rolled-back not-verified']);
  const left = linesOf(home);
  expect(before.filter((line) => !left.includes(line)).map((line) => line.split(' ')[0])).toEqual([
    './adapters/loose.json',
    './pipe',
    './stray',
    './stray/inside',
  ]);
});

test('a backup that is not proven or is outdated is refused, and nothing is changed', async () => {
  await using scratch = await makeScratch('memory');
  const home = makeRecordHome(scratch);
  const before = linesOf(home);
  const plan = planOf(home, [setAside(home, 'daemon.json')]);
  const unproven = await applyPlan(plan, willing(home, { backup: () => Promise.reject(new Error('a hash differs')) }));
  expect([unproven.exit, unproven.fixes[0]?.reason]).toEqual([5, { code: 'backup', facts: { why: 'a hash differs' } }]);
  const outdated = async () => provenAs('b', 'coven.sqlite3');
  const stale = await applyPlan(plan, willing(home, { backup: outdated }));
  expect([stale.exit, stale.fixes[0]?.reason]).toEqual([
    5,
    { code: 'backup-outdated', facts: { path: 'coven.sqlite3' } },
  ]);
  expect(linesOf(home)).toEqual(before);
  expect(listRuns(home).map(({ state }) => state)).toEqual(['aborted']);
});

test('an old backup goes before the new one is made, for which there may be no room otherwise', async () => {
  await using scratch = await makeScratch('memory');
  const home = makeRecordHome(scratch);
  const [old, kept] = [await backUp(home), await backUp(home)].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (!old || !kept) throw new Error('two backups were made');
  const removal = {
    fix: 'home:disk low',
    action: { kind: 'remove-backup', run: old.id },
    phase: 'alive',
    undo: 'none',
  } as const;
  const seen: boolean[] = [];
  const backup = async () => {
    seen.push(backupsOf(home).some(({ id }) => id === old.id));
    return Promise.reject(new Error('no room'));
  };
  const plan = planOf(home, [removal, setAside(home, 'daemon.json')]);
  expect(told(await applyPlan(plan, willing(home, { backup })))).toEqual([
    'home:disk low: fixed',
    'daemon.json stale: refused backup',
  ]);
  expect([seen, existsSync(join(home, 'daemon.json'))]).toEqual([[false], true]);
  // Ids sort by the second in which they were made.
  while (new Date().toISOString().replace(/\D/g, '').slice(0, 14) <= kept.id.replace(/\D/g, '').slice(0, 14))
    await turn(50);
  await backUp(home);
  const alone = planOf(home, [{ ...removal, action: { kind: 'remove-backup', run: kept.id } }]);
  expect(told(await applyPlan(alone, willing(home, { backup })))).toEqual(['home:disk low: fixed']);
  expect(seen).toHaveLength(1);
});

test('what the run itself did outdates its backup once: it is made anew', async () => {
  await using scratch = await makeScratch('memory');
  const home = makeRecordHome(scratch);
  const plan = planOf(home, [setMode(home, 'repos.toml', 0o600), setAside(home, 'daemon.json')]);
  let made = 0;
  const backup = async () => {
    made += 1;
    const changed = made === 1 ? 'repos.toml' : null;
    return provenAs(`backup-${made}`, changed);
  };
  expect((await applyPlan(plan, willing(home, { backup }))).exit).toBe(0);
  expect(made).toBe(2);
});

test.each([
  ['state.lock', 'shared'],
  ['daemon.lock', 'exclusive'],
  ['daemon-serve.lock', 'exclusive'],
] as const)(
  '%s held by a live process: what needs it is refused with its pid, and nothing is changed',
  async (name, kind) => {
    await using scratch = await makeScratch('memory');
    const home = makeRecordHome(scratch);
    const before = linesOf(home);
    const release = holdLock(scratch, home, name, kind);
    const reason = { code: 'lock-held', facts: { lock: name, pid: process.pid } };
    const quarantine = await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home));
    expect([quarantine.exit, quarantine.runId, quarantine.fixes[0]?.reason]).toEqual([5, null, reason]);
    const both = await applyPlan(
      planOf(home, [setMode(home, 'repos.toml', 0o600, 'one'), setAside(home, 'daemon.json', 'one')]),
      willing(home),
    );
    expect([both.fixes[0]?.outcome, both.fixes[0]?.reason]).toEqual([
      name === 'daemon.lock' ? 'refused' : 'rolled-back',
      reason,
    ]);
    expect(linesOf(home)).toEqual(before);
    // A mode is set beside a live daemon, which holds the other two.
    const mode = await applyPlan(planOf(home, [setMode(home, 'repos.toml', 0o600)]), willing(home));
    expect(mode.exit).toBe(name === 'daemon.lock' ? 5 : 0);
    release();
    expect((await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home))).exit).toBe(0);
  },
);

test('two doctors at once: the second is refused and told who the first is', async () => {
  await using scratch = await makeScratch('memory');
  const home = makeRecordHome(scratch);
  const plan = planOf(home, [setAside(home, 'daemon.json')]);
  let second: Applied | undefined;
  const backup = async () => {
    second = await applyPlan(plan, willing(home));
    return provenAs('b');
  };
  expect((await applyPlan(plan, willing(home, { backup }))).exit).toBe(0);
  expect([second?.exit, second?.fixes[0]?.reason]).toEqual([5, { code: 'second-doctor', facts: { pid: process.pid } }]);
});

test('a signal at every boundary of a step: what was begun is taken back, and the journal is whole', async () => {
  await using scratch = await makeScratch('memory');
  const base = await makeBroken(join(scratch.path, 'base'));
  const before = linesOf(base);
  const two = (home: string): Plan => planBroken(home, ['home:mode entry-open', 'daemon:socket stale']);
  const boundaries: string[] = [];
  const whole = copyHome(base, join(scratch.path, 'whole'));
  await applyPlan(two(whole), willing(whole, { tell: ({ stage }) => void boundaries.push(stage) }));
  expect(boundaries).toEqual(['backup', 'take', 'taken', 'take', 'taken', 'take', 'taken', 'recheck']);
  for (const at of boundaries.keys()) {
    const name = at % 2 === 0 ? 'SIGINT' : 'SIGTERM';
    const home = copyHome(base, join(scratch.path, `home-${at}`));
    const ended = new AbortController();
    let left = at;
    const tell = (): void => {
      if (left === 0) ended.abort(name);
      left -= 1;
    };
    const applied = await applyPlan(two(home), willing(home, { tell, signal: ended.signal }));
    expect(applied.exit).toBe(name === 'SIGINT' ? 130 : 143);
    expect([...new Set(applied.fixes.map(({ reason }) => reason?.code))]).toEqual(['interrupted']);
    expect(linesOf(home)).toEqual(before);
    expect(listRuns(home).map(({ state }) => state)).toEqual(['aborted']);
    expect(await recoverRuns(home, new AbortController().signal)).toEqual([]);
  }
});

test('the backup of a run that was cut off is needed until it is recovered', async () => {
  await using scratch = await makeScratch('memory');
  const home = makeRecordHome(scratch);
  const backup = async () => provenAs('20261124T221500Z-3f9a2c');
  const { runId } = await applyPlan(planOf(home, [setAside(home, 'daemon.json')]), willing(home, { backup }));
  expect([...neededBackups(home)]).toEqual([]);
  const journal = join(home, 'doctor', 'runs', runId ?? '', 'journal.jsonl');
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
  writeFileSync(journal, `${lines.slice(0, -1).join('\n')}\n`);
  expect([...neededBackups(home)]).toEqual(['20261124T221500Z-3f9a2c']);
  await recoverRuns(home, new AbortController().signal);
  expect([...neededBackups(home)]).toEqual([]);
});
