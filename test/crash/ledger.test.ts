import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { endProcesses, findRealCoven } from '../../fixtures/real-coven.ts';
import { counted, insert, replacements, run, seen, write } from '../../fixtures/repair/replaced.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.log('crash battery of replaced ledgers skipped: strace is not installed');
const real = findRealCoven();
if ('why' in real) console.log(`no real Coven opens the ledgers of killed repairs: ${real.why}`);

const all = process.env.COVEN_DOCTOR_CRASHES === 'all';
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);
/** Kills of each case in every run of the tests: each takes three diagnoses. */
const points = 3;

const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
/** Hashes of every file below a folder. */
const hashes = (folder: string): ReadonlySet<string> =>
  new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map(hash),
  );

/** Who opens the home after the kill, and before the doctor runs again; what they see is told. */
const actors: Readonly<Record<string, (home: string) => readonly string[] | null>> = {
  nobody: () => null,
  'a writer': (home) => {
    write(home, 'CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY)', insert('since'));
    return null;
  },
  ...('path' in real && {
    Coven: (home: string) => {
      const env = { PATH: process.env.PATH, HOME: home, COVEN_HOME: home };
      const coven = (...words: readonly string[]) => spawnSync(real.path, words, { env, encoding: 'utf8' });
      const { stdout, stderr } = coven('sessions', '--json');
      coven('daemon', 'start');
      coven('daemon', 'stop');
      endProcesses(home);
      try {
        const { sessions } = JSON.parse(stdout) as { sessions: readonly { id: string }[] };
        return sessions.map(({ id }) => `sessions ${id}`);
      } catch {
        return [`coven sessions: ${stdout}${stderr}`];
      }
    },
  }),
};

const isIn = (rows: readonly string[], of: readonly string[]): boolean => rows.every((row) => of.includes(row));

/** What is wrong after a kill and what came next; empty where every row stayed in view, and repairs go on. */
async function judge(home: string, actor: string, before: readonly string[], after: readonly string[]) {
  const wrong: string[] = [];
  const now = seen(home);
  if (now.join() !== before.join() && now.join() !== after.join()) wrong.push(`in view were ${now.join(', ')}`);
  const told = actors[actor]?.(home) ?? null;
  const sessions = now.filter((row) => row.startsWith('sessions'));
  if (told && !isIn(sessions, told)) wrong.push(`Coven shows ${told.join(', ')}`);
  const { exitCode, stdout, stderr } = await cli(['--home', home, '--fix', '--yes']);
  if (exitCode !== 0) wrong.push(`--fix: exit ${exitCode} ${stdout}${stderr}`);
  const { faults } = await diagnose(home);
  if (faults.join() !== 'daemon stopped warn') wrong.push(`then: ${faults.join(', ')}`);
  const end = seen(home);
  // What nobody wrote to may be taken back; what somebody did stays, with all that was in view then.
  const expected = actor === 'nobody' ? [before, after] : [actor === 'a writer' ? [...now, 'sessions since'] : now];
  if (!expected.some((rows) => isIn(rows, end))) wrong.push(`in the end, in view are ${end.join(', ')}`);
  if (lstatSync(join(home, 'coven.sqlite3')).nlink !== 1) wrong.push('the ledger has a second name');
  return wrong;
}

test.skipIf(!hasStrace).each(Object.keys(replacements))(
  'killed at any call of %s, every row stays in view, whoever opens the ledger before the doctor does',
  { timeout: 7_200_000 },
  async (name) => {
    await using scratch = await makeScratch();
    const { begin, log, before, made, after } = await counted(name, scratch);
    const count = made.length;
    expect(count).toBeGreaterThan(5);
    const random = seeded(seed + name.length);
    const who = Object.keys(actors);
    const everyCall = Array.from({ length: count }, (_, at) => at + 1);
    // Most calls are about copies elsewhere: in every run of the tests, the ledger's own moves are cut off.
    const moves = everyCall.filter((at) => /^(rename|link).*\/coven\.sqlite3/.test(made[at - 1]?.line ?? ''));
    expect(moves.length).toBeGreaterThan(3);
    const some = (salt: number): number => moves[(random(moves.length) + salt) % moves.length] ?? 1;
    const full = (at: number) => ({ at, actor: 'nobody', what: 'error=ENOSPC' }) as const;
    const kill = (at: number, actor: string) => ({ at, actor, what: 'signal=KILL' }) as const;
    const faults = all
      ? everyCall.flatMap((at) => [full(at), ...who.map((actor) => kill(at, actor))])
      : [full(some(0)), ...Array.from({ length: points }, (_, at) => kill(some(at), who[(at + 1) % who.length] ?? ''))];
    const failures: string[] = [];
    for (const [index, { at, actor, what }] of faults.entries()) {
      const home = join(scratch.path, `home-${index}`);
      scratch.onEnd(() => void endProcesses(home));
      const words = await begin(home);
      const files = ['', '-wal'].map((suffix) => join(home, `coven.sqlite3${suffix}`)).filter(existsSync);
      const contents = files.map(hash);
      run(words, log, made[at - 1], what);
      const kept = hashes(home);
      const wrong = [...(await judge(home, actor, before, after))];
      if (!contents.every((content) => kept.has(content))) wrong.push('a content is lost');
      failures.push(...wrong.map((line) => `${name}, ${what} at call ${at}, then ${actor}: ${line}`));
      rmSync(home, { recursive: true });
    }
    for (const failure of failures) console.log(failure);
    console.log(
      `${name}: ${faults.length} kills and full disks at ${count} calls, ${failures.length} failures (seed ${seed})`,
    );
    expect(failures).toEqual([]);
  },
);
