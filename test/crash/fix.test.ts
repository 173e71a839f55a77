import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backUp, backupsOf } from '../../fixtures/backup.ts';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { brokenFixes, copyHome, makeBroken, planBroken } from '../../fixtures/repair/broken.ts';
import { planOf, willing } from '../../fixtures/repair/plan.ts';
import { contentsOf, linesOf, type State, statesOf } from '../../fixtures/repair/state.ts';
import { buildDriver, type Fault, type Ran, runDriver } from '../../fixtures/repair/strace.ts';
import { prove } from '../../src/backup/prove.ts';
import { applyPlan } from '../../src/repair/engine/apply.ts';
import { recoverRuns } from '../../src/repair/engine/recover.ts';
import { undoRun } from '../../src/repair/engine/undo.ts';

/** Points of each part of the battery; all where it says so. */
const points = process.env.COVEN_DOCTOR_CRASHES === 'all' ? Number.POSITIVE_INFINITY : 6;
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.log('crash battery of the repairs skipped: strace is not installed');

// In memory, where synchronising costs nothing: what a kill leaves is the same.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'doctor-crash-'));
afterAll(() => {
  for (const path of [folder, dirname(driver)]) rmSync(path, { recursive: true, force: true });
});

const never = new AbortController().signal;
const fixes = Object.keys(brokenFixes);
let driver: string;
let base: string;
let before: readonly string[];
let after: readonly string[];
let contents: ReadonlySet<string>;

beforeAll(async () => {
  driver = await buildDriver();
  base = await makeBroken(join(folder, 'base'));
  before = linesOf(base);
  contents = contentsOf(base);
  const fixed = fresh();
  expect((await applyPlan(planBroken(fixed), willing(fixed))).exit).toBe(0);
  after = linesOf(fixed);
  rmSync(fixed, { recursive: true });
});

let copies = 0;
function fresh(): string {
  copies += 1;
  return copyHome(base, join(folder, `home-${copies}`));
}

function planFile(home: string): string {
  writeFileSync(`${home}.plan`, JSON.stringify(planBroken(home)));
  return `${home}.plan`;
}

/** A part of the battery: how a home is brought to the driver's start, and what it may be afterwards. */
interface Part {
  readonly name: string;
  readonly stage: (home: string) => Promise<readonly string[]>;
  /** States in which fixes may be when a recovery is through; `together` where all of them have to be in the same. */
  readonly allowed: readonly State[];
  readonly together: boolean;
}

const apply = async (home: string): Promise<void> => {
  expect((await applyPlan(planBroken(home), willing(home))).exit).toBe(0);
};
const die = (args: readonly string[]): void => {
  expect(spawnSync(process.execPath, [driver, ...args]).signal).toBe('SIGKILL');
};

const parts: readonly Part[] = [
  {
    name: 'apply',
    stage: async (home) => ['apply', home, planFile(home)],
    allowed: ['before', 'after'],
    together: false,
  },
  {
    name: 'roll back',
    stage: async (home) => ['apply', home, planFile(home), 'fail'],
    allowed: ['before'],
    together: true,
  },
  {
    name: 'undo',
    stage: async (home) => {
      await apply(home);
      return ['undo', home];
    },
    allowed: ['before', 'after'],
    together: true,
  },
  {
    name: 'recover an apply',
    stage: async (home) => {
      die(['apply', home, planFile(home), 'die']);
      return ['recover', home];
    },
    allowed: ['before'],
    together: true,
  },
  {
    name: 'recover an undo',
    stage: async (home) => {
      await apply(home);
      die(['undo', home, '', 'die']);
      return ['recover', home];
    },
    allowed: ['after'],
    together: true,
  },
];

/** What is wrong with a home after a fault and what came next; empty where everything held. */
async function judge(part: Part, home: string, ran: Ran, fault: Fault): Promise<readonly string[]> {
  const wrong: string[] = [];
  const look = () => statesOf(linesOf(home), before, after);
  if (fault.what === 'KILL' && !ran.killed) wrong.push('the driver was not killed');
  if (fault.what !== 'KILL' && ran.stderr !== '' && part.name !== 'recover') wrong.push(ran.stderr);
  if (fault.what !== 'KILL') wrong.push(...outcomesBelied(ran.result, look().fixes));
  await recoverRuns(home, never);
  if ((await recoverRuns(home, never)).length > 0) wrong.push('a second recovery found something to do');
  const { fixes: states, others } = look();
  wrong.push(...others.map((line) => `changed: ${line}`));
  for (const [fix, state] of Object.entries(states))
    if (!part.allowed.includes(state)) wrong.push(`${fix} is ${state}`);
  if (part.together && new Set(Object.values(states)).size > 1)
    wrong.push(`not all or nothing: ${JSON.stringify(states)}`);
  const kept = contentsOf(home);
  if ([...contents].some((content) => !kept.has(content))) wrong.push('a content is lost');
  return [...wrong, ...(await goOn(part, home, states))];
}

/** A repair that is asked for again goes through, and so does an undo. */
async function goOn(part: Part, home: string, states: Readonly<Record<string, State>>): Promise<readonly string[]> {
  if (part.name.endsWith('undo')) {
    if (Object.values(states).includes('after')) {
      const { outcome, reasons } = await undoRun({ home, run: undefined, signal: never });
      if (outcome !== 'undone') return [`a second undo: ${outcome} ${JSON.stringify(reasons)}`];
    }
    return same(linesOf(home), before);
  }
  const open = fixes.filter((fix) => states[fix] === 'before');
  const { exit, fixes: outcomes } = await applyPlan(planBroken(home, open), willing(home));
  if (exit !== 0) return [`a second apply: ${JSON.stringify(outcomes)}`];
  return same(linesOf(home), after);
}

function same(is: readonly string[], expected: readonly string[]): readonly string[] {
  const lines = new Set(expected);
  return is.length === expected.length && is.every((line) => lines.has(line))
    ? []
    : ['the end is not what it should be'];
}

/** What the engine said of a fix must be so when it ends: no half state is called anything but failed. */
function outcomesBelied(result: unknown, states: Readonly<Record<string, State>>): readonly string[] {
  const { fixes: told, outcome } = (result ?? {}) as {
    readonly fixes?: readonly { readonly fix: string; readonly outcome: string }[];
    readonly outcome?: string;
  };
  const right = (outcome: string, done: State, undone: State, is: State | undefined): boolean =>
    outcome === 'failed' || is === (outcome === 'fixed' || outcome === 'undone' ? done : undone);
  if (told)
    return told
      .filter(({ fix, outcome }) => !right(outcome, 'after', 'before', states[fix]))
      .map(({ fix, outcome }) => `${fix} is said to be ${outcome}, and is ${states[fix]}`);
  if (outcome)
    return Object.entries(states)
      .filter(([, state]) => !right(outcome, 'before', 'after', state))
      .map(([fix, state]) => `the undo is said to be ${outcome}, and ${fix} is ${state}`);
  return [];
}

const totals = { KILL: 0, ENOSPC: 0, EIO: 0, wrong: 0 };

test.skipIf(!hasStrace).each(parts)(
  '$name: before or after at every mutating call',
  async (part) => {
    const first = fresh();
    const { calls, result, stderr } = runDriver(driver, await part.stage(first), first, `${first}.log`);
    expect([stderr, result === null, calls.length > 0]).toEqual(['', false, true]);
    rmSync(first, { recursive: true });
    const errors = part.name.startsWith('recover') ? [] : (['ENOSPC', 'EIO'] as const);
    const faults: Fault[] = calls.flatMap((call) => [
      { call, what: 'KILL' },
      ...errors.map((what): Fault => ({ call, what })),
      ...(call.name === 'pwrite64' && errors.length > 0 ? [{ call, what: 'ENOSPC', forever: true } as const] : []),
    ]);
    const wrong: string[] = [];
    for (const fault of choose(faults, part.name.length)) {
      const home = fresh();
      const ran = runDriver(driver, await part.stage(home), home, `${home}.log`, fault);
      const found = await judge(part, home, ran, fault).catch((error) => [String(error)]);
      const lines = found.map((what) => `${part.name}, ${fault.what} at ${fault.call.name} ${fault.call.nth}: ${what}`);
      for (const line of lines) console.log(line);
      wrong.push(...lines);
      totals[fault.what] += 1;
      for (const suffix of ['', '.log', '.plan']) rmSync(`${home}${suffix}`, { recursive: true, force: true });
    }
    totals.wrong += wrong.length;
    console.log(`${part.name}: ${calls.length} mutating calls, ${faults.length} points`);
    expect(wrong).toEqual([]);
  },
  7_200_000,
);

test.skipIf(!hasStrace)('every act is announced in the journal, and durably, before it is done', async () => {
  const home = fresh();
  const { calls } = runDriver(driver, ['apply', home, planFile(home)], home, `${home}.log`);
  let announced: 'no' | 'written' | 'durably' = 'no';
  const acts: string[] = [];
  for (const { name, text } of calls) {
    if (name === 'pwrite64' && text.includes('\\"intent\\"')) announced = 'written';
    if (name === 'fsync' && text.includes('/journal.jsonl>') && announced === 'written') announced = 'durably';
    if (!isAct(name)) continue;
    acts.push(announced);
    announced = 'no';
  }
  expect(acts).toEqual(
    Object.values(brokenFixes)
      .flat()
      .map(() => 'durably'),
  );
});

test.skipIf(!hasStrace)(
  'a backup that is being removed is whole, or is no backup, at every mutating call',
  async () => {
    const source = fresh();
    const [gone, kept] = [await backUp(source), await backUp(source)].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    if (!gone || !kept) throw new Error('two backups were made');
    const stage = (): readonly [string, readonly string[]] => {
      const home = copyHome(source, join(folder, `removal-${copies++}`));
      const action = { kind: 'remove-backup', run: gone.id } as const;
      const plan = planOf(home, [{ fix: 'home:disk low', action, phase: 'alive', undo: 'none' }]);
      writeFileSync(`${home}.plan`, JSON.stringify(plan));
      return [home, ['apply', home, `${home}.plan`]];
    };
    const [first, words] = stage();
    const { calls } = runDriver(driver, words, first, `${first}.log`);
    expect(backupsOf(first).map(({ id, state }) => [id, state])).toEqual([[kept.id, 'whole']]);
    const faults = calls.map((call): Fault => ({ call, what: 'KILL' }));
    for (const fault of choose(faults, 1)) {
      const [home, words] = stage();
      expect(runDriver(driver, words, home, `${home}.log`, fault).killed).toBe(true);
      await recoverRuns(home, never);
      const left = backupsOf(home).flatMap((backup) => (backup.state === 'whole' ? backup : []));
      for (const { path, manifest } of left) expect((await prove(path, manifest, never)).proven).toBe(true);
      expect(left.map(({ id }) => id)).toContain(kept.id);
      totals.KILL += 1;
      rmSync(home, { recursive: true });
    }
    console.log(`remove a backup: ${calls.length} mutating calls`);
  },
);

/** Calls of an apply by which something of the home is changed. */
const isAct = (name: string): boolean => ['rename', 'chmod', 'chown'].includes(name);

/** Some of many: half of them kills right after an act, where a journal that lies is found out. */
function choose(faults: readonly Fault[], salt: number): readonly Fault[] {
  if (faults.length <= points) return faults;
  const random = seeded(seed + salt);
  const kills = faults.filter(({ what }) => what === 'KILL');
  const afterActs = kills.filter((_fault, at) => isAct(kills[at - 1]?.call.name ?? ''));
  const some = (of: readonly Fault[]): readonly Fault[] =>
    Array.from({ length: points / 2 }, () => of[random(of.length)]).flatMap((fault) => fault ?? []);
  return [...some(afterActs), ...some(faults)];
}

afterAll(() => {
  const { KILL, ENOSPC, EIO, wrong } = totals;
  console.log(`injection points: ${KILL} kills, ${ENOSPC} ENOSPC, ${EIO} EIO; failures ${wrong} (seed ${seed})`);
});
