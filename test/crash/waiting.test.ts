import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { endProcesses, findRealCoven, until } from '../../fixtures/real-coven.ts';
import { type Call, counted, injected, program, replacements, seen } from '../../fixtures/repair/replaced.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const real = findRealCoven();
const coven = 'path' in real ? real.path : null;
if (!hasStrace) console.log('no command of Coven waits for a killed repair: strace is not installed');
if ('why' in real) console.log(`no command of Coven waits for a killed repair: ${real.why}`);

const all = process.env.COVEN_DOCTOR_CRASHES === 'all';
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);

const ended = (child: ChildProcess) => new Promise<void>((resolve) => void child.once('close', () => resolve()));

/** Whether a process waits for a flock(2) of the file. Source: proc_locks(5): a waiter's line has an arrow. */
const isAwaited = (path: string): boolean => {
  const { ino } = lstatSync(path);
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes('-> FLOCK') && line.includes(`:${ino} `));
};

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/**
 * Stops the doctor behind one of its calls, while it holds state.lock; starts `coven sessions`, which waits; and kills the
 * doctor, so that Coven goes on at once. What Coven shows.
 */
async function shownAfter(home: string, words: readonly string[], log: string, call: Call): Promise<readonly string[]> {
  rmSync(log, { force: true });
  const traced = spawn('strace', ['-o', log, ...injected(call, 'signal=STOP'), process.execPath, program, ...words], {
    stdio: 'ignore',
  });
  const doctorEnds = ended(traced);
  await until(async () => textOf(log).includes('stopped by SIGSTOP'));
  const env = { PATH: process.env.PATH, HOME: home, COVEN_HOME: home };
  const waiting = spawn(coven ?? '', ['sessions', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [waiting.stdout, waiting.stderr]) stream.on('data', (part: Buffer) => (said += part));
  const covenEnds = ended(waiting);
  const early = covenEnds.then(() => {
    throw new Error(`Coven did not wait for state.lock: ${said}`);
  });
  await Promise.race([until(async () => isAwaited(join(home, 'state.lock'))), early]).finally(() => {
    early.catch(() => undefined);
    killDoctor(traced);
  });
  await Promise.all([doctorEnds, covenEnds]);
  try {
    const { sessions } = JSON.parse(said) as { sessions: readonly { id: string }[] };
    return sessions.map(({ id }) => `sessions ${id}`);
  } catch {
    return [`coven sessions: ${said}`];
  }
}

function killDoctor(traced: ChildProcess): void {
  const [doctor] = readFileSync(`/proc/${traced.pid}/task/${traced.pid}/children`, 'utf8').trim().split(' ');
  process.kill(Number(doctor), 'SIGKILL');
}

const sessionsIn = (rows: readonly string[]): string =>
  rows
    .filter((row) => row.startsWith('sessions'))
    .toSorted()
    .join(', ');

test.skipIf(!hasStrace || !coven).each(Object.keys(replacements))(
  'a command of Coven that waited for %s, which was killed, shows every session of the one ledger or the other',
  { timeout: 7_200_000 },
  async (name) => {
    await using scratch = await makeScratch();
    const { begin, log, before, made, after } = await counted(name, scratch);
    // The moves of the ledger's files, for which the doctor holds state.lock; those in a run prepare them, before that.
    const ofLedger = made.filter(
      ({ line }) => /^(rename|link).*\/coven\.sqlite3(-wal|-shm)?"/.test(line) && !line.includes('/doctor/runs/'),
    );
    expect(ofLedger.length).toBeGreaterThan(3);
    const random = seeded(seed + name.length);
    const points = all ? ofLedger : ofLedger.slice(random(ofLedger.length)).slice(0, 1);
    const failures: string[] = [];
    for (const [index, call] of points.entries()) {
      const home = join(scratch.path, `home-${index}`);
      scratch.onEnd(() => void endProcesses(home));
      const words = await begin(home);
      const shown = sessionsIn(await shownAfter(home, words, log, call));
      const fail = (what: string): unknown => failures.push(`${name}, killed behind ${call.line}: ${what}`);
      if (![before, after].some((rows) => sessionsIn(rows) === shown)) fail(`Coven shows ${shown}`);
      const now = seen(home);
      if (![before, after].some((rows) => rows.join() === now.join())) fail(`in view are ${now.join(', ')}`);
      const { exitCode, stdout, stderr } = await cli(['--home', home, '--fix', '--yes']);
      if (exitCode !== 0) fail(`--fix: exit ${exitCode} ${stdout}${stderr}`);
      const { faults } = await diagnose(home);
      if (faults.join() !== 'daemon stopped warn') fail(`then: ${faults.join(', ')}`);
      if (sessionsIn(seen(home)) !== shown) fail(`in the end, in view are ${seen(home).join(', ')}`);
      rmSync(home, { recursive: true });
    }
    console.log(
      `${name}: ${points.length} kills behind ${ofLedger.length} calls, ${failures.length} failures (seed ${seed})`,
    );
    expect(failures).toEqual([]);
  },
);
