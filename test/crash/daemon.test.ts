import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { startDouble } from '../../fixtures/double.ts';
import { hoursAgo, makeHome } from '../../fixtures/home.ts';
import { endProcesses } from '../../fixtures/real-coven.ts';
import { rowsOf } from '../../fixtures/repair/ledger.ts';
import { type Fault, runDriver } from '../../fixtures/repair/strace.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.log('crash battery of daemon steps skipped: strace is not installed');

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));
const agreed = ['--yes', '--json', '--allow', 'disruptive', 'lossy'];
const isAll = process.env.COVEN_DOCTOR_CRASHES === 'all';

/** Calls by which a run changes the home, its journal or another process. */
const calls = 'rename,link,unlink,fchmod,chmod,fsync,pwrite64,kill,execve,clone,clone3,vfork';

interface Subject {
  readonly name: string;
  readonly stage: (scratch: Scratch, home: string) => Promise<unknown> | unknown;
}

const rows = [{ id: 'a', status: 'running' }] as const;

const subjects: readonly Subject[] = [
  {
    name: 'start a daemon in the place of a killed one',
    stage: (_scratch, home) => {
      makeHome(home, { rows, events: 20 });
      const record = { pid: 4_000_000, startedAt: hoursAgo(1), socket: join(home, 'coven.sock') };
      writeFileSync(join(home, 'daemon.json'), JSON.stringify(record), { mode: 0o600 });
    },
  },
  {
    name: 'end an unreachable daemon and start one',
    stage: async (scratch, home) => {
      makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
      await startDouble(scratch, home, { unlink: true });
    },
  },
  {
    name: 'let a stopped daemon go on',
    stage: async (scratch, home) => {
      makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
      (await startDouble(scratch, home)).kill('SIGSTOP');
    },
  },
];

/** A call of the program's main thread: strace counts those of each name by themselves. */
interface Call {
  readonly name: string;
  readonly nth: number;
}

/** Runs `--fix` under strace, which kills its main thread at a call; the calls that were made, and whether it was killed. */
async function fixTraced(home: string, log: string, at?: Call): Promise<{ made: readonly Call[]; killed: boolean }> {
  const inject = at ? ['-e', `inject=${at.name}:signal=KILL:when=${at.nth}`] : [];
  const words = ['-qq', '-o', log, '-e', `trace=${calls}`, ...inject, process.execPath, program];
  const child = spawn('strace', [...words, '--home', home, '--fix', ...agreed], { stdio: 'ignore' });
  await once(child, 'close');
  const counts = new Map<string, number>();
  const made = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const name = /^(\w+)\(/.exec(line)?.[1];
      if (name === undefined) return [];
      const nth = (counts.get(name) ?? 0) + 1;
      counts.set(name, nth);
      return { name, nth };
    });
  return { made, killed: child.signalCode === 'SIGKILL' };
}

test.skipIf(!hasStrace).each(subjects)(
  '$name: killed at a call, the next run makes it right, and no row is lost',
  { timeout: 7_200_000 },
  async ({ name, stage }) => {
    await using scratch = await makeScratch();
    const log = join(scratch.path, 'strace.log');
    const first = join(scratch.path, 'counted');
    await stage(scratch, first);
    const { made } = await fixTraced(first, log);
    endProcesses(first);
    // The first is the start of the program itself.
    const all = made.filter(({ name, nth }) => name !== 'execve' || nth > 1);
    expect(all.length).toBeGreaterThan(20);
    const random = seeded(Number(process.env.COVEN_DOCTOR_SEED ?? 1) + name.length);
    const points = isAll ? all : [0, 1, 2].flatMap(() => all[random(all.length)] ?? []);
    const wrong: string[] = [];
    const waiting = points.values();
    let kills = 0;
    const worker = async (): Promise<void> => {
      for (const call of waiting) wrong.push(...(await killedAt(call)));
    };
    // A daemon that hangs is watched for ten seconds: points wait side by side.
    await Promise.all(Array.from({ length: 6 }, worker));
    console.log(
      `${name}: ${kills} kills at ${points.length} of ${all.length} calls, ${wrong.length} failures: ${wrong.join('; ')}`,
    );
    expect(wrong).toEqual([]);

    async function killedAt(call: Call): Promise<readonly string[]> {
      await using place = await makeScratch();
      const home = join(place.path, 'home');
      place.onEnd(() => void endProcesses(home));
      await stage(place, home);
      const before = rowsOf(home, place.path, true);
      // One that makes fewer calls than the counted one, because it waited less, ends by itself.
      if ((await fixTraced(home, join(place.path, 'strace.log'), call)).killed) kills += 1;
      const again = await cli(['--home', home, '--fix', ...agreed]);
      const third = await cli(['--home', home, '--fix', ...agreed]);
      const { faults } = await diagnose(home, { daemonLives: true });
      const after = rowsOf(home, place.path, true);
      const lost = [...(before ?? [])].filter((row) => !after?.has(row));
      const rest = (JSON.parse(third.stdout) as { plan: { steps: readonly unknown[] } }).plan.steps.length;
      const isWell = again.exitCode === 0 && rest === 0 && faults.length === 0 && lost.length === 0;
      const said = `${name}, ${call.name} ${call.nth}: exit ${again.exitCode}, ${rest} steps left, ${faults}, ${lost.length} rows lost`;
      return isWell ? [] : [said];
    }
  },
);

interface Told {
  readonly exitCode: number;
  readonly fixes?: readonly { readonly fix: string; readonly outcome: string }[];
}

/** Three faults of files and modes, and whether each is mended. */
function makeSpoilt(home: string): string {
  makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  chmodSync(join(home, 'state.lock'), 0o644);
  chmodSync(home, 0o755);
  return home;
}

const mended = (home: string): Readonly<Record<string, boolean>> => ({
  'daemon:record invalid': !existsSync(join(home, 'daemon.json')),
  'home:mode entry-open': (lstatSync(join(home, 'state.lock')).mode & 0o077) === 0,
  'home:mode readable-by-others': (lstatSync(home).mode & 0o077) === 0,
});

test.skipIf(!hasStrace)(
  'the whole program on a disk that is full or fails: nothing is half done, and it says what was done',
  { timeout: 7_200_000 },
  async () => {
    await using scratch = await makeScratch();
    const log = join(scratch.path, 'strace.log');
    const fixing = (home: string, fault?: Fault) => {
      const ran = runDriver(program, ['--home', home, '--fix', ...agreed], home, log, fault);
      return { ...ran, told: ran.result as Told | null };
    };
    const { calls, told } = fixing(makeSpoilt(join(scratch.path, 'counted')));
    expect([told?.exitCode, calls.length > 50]).toEqual([0, true]);
    const all = calls.flatMap((call): readonly Fault[] => [
      { call, what: 'ENOSPC' },
      { call, what: 'ENOSPC', forever: true },
      { call, what: 'EIO' },
    ]);
    const random = seeded(Number(process.env.COVEN_DOCTOR_SEED ?? 1));
    const some = Array.from({ length: 6 }, () => all[random(all.length)]).flatMap((fault) => fault ?? []);
    const wrong: string[] = [];
    for (const fault of isAll ? all : some) {
      await using place = await makeScratch();
      const home = makeSpoilt(join(place.path, 'home'));
      const { told, stderr, killed } = fixing(home, fault);
      const is = mended(home);
      const belied = (told?.fixes ?? []).filter(
        ({ fix, outcome }) => outcome !== 'failed' && is[fix] !== (outcome === 'fixed'),
      );
      const again = await cli(['--home', home, '--fix', ...agreed]);
      const isWell = !killed && [0, 4, 5].includes(told?.exitCode ?? -1) && belied.length === 0;
      if (!isWell || again.exitCode !== 0 || Object.values(mended(home)).includes(false))
        wrong.push(
          `${fault.what} at ${fault.call.name} ${fault.call.nth}${fault.forever ? '+' : ''}: ${told?.exitCode} ${stderr.slice(0, 300)} ${JSON.stringify(belied)}, then ${again.exitCode} ${again.stderr.slice(0, 300)}`,
        );
    }
    console.log(
      `a failing disk: ${isAll ? all.length : some.length} of ${all.length} points, ${wrong.length} failures`,
    );
    expect(wrong).toEqual([]);
  },
);
