import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { backUp } from '../../fixtures/backup.ts';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { endProcesses, findRealCoven } from '../../fixtures/real-coven.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.log('crash battery of replaced ledgers skipped: strace is not installed');
const real = findRealCoven();
if ('why' in real) console.log(`no real Coven opens the ledgers of killed repairs: ${real.why}`);

const all = process.env.COVEN_DOCTOR_CRASHES === 'all';
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);
/** Kills of each case in every run of the tests: each takes three diagnoses. */
const points = 3;

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));
const calls = 'rename,renameat,renameat2,link,linkat,unlink,unlinkat,pwrite64';

const insert = (id: string): string =>
  `INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('${id}', '/', 'codex', 't', 'completed', '2026-11-01T00:00:00Z', '2026-11-01T00:00:00Z')`;

/** Opens the ledger of a home and writes to it, as Coven does; what was written stays in the WAL. */
function write(home: string, ...statements: readonly string[]): void {
  const path = join(home, 'coven.sqlite3');
  const db = new Database(path);
  db.pragma('wal_autocheckpoint = 0');
  for (const statement of statements) db.exec(statement);
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(path + suffix, `${path}${suffix}.left`);
  db.close();
  for (const suffix of ['', '-wal', '-shm']) renameSync(`${path}${suffix}.left`, path + suffix);
}

/** A ledger whose full-text index lacks its events, with a session in its WAL alone. */
function makeUnindexed(home: string): string {
  makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  const db = new Database(join(home, 'coven.sqlite3'));
  db.exec("CREATE VIRTUAL TABLE events_fts USING fts5(payload_json, content='events', content_rowid='rowid')");
  db.close();
  write(home, insert('in-the-wal'));
  return home;
}

/** Sessions and events that whoever opens the ledger sees, read from a copy: a reader in place would leave files. */
function seen(home: string): readonly string[] {
  const folder = mkdtempSync(`${home}-copy-`);
  const copy = join(folder, 'copy');
  for (const suffix of ['', '-wal']) {
    const path = join(home, `coven.sqlite3${suffix}`);
    if (existsSync(path)) copyFileSync(path, copy + suffix);
  }
  const db = new Database(copy);
  try {
    return ['sessions', 'events'].flatMap((table) =>
      (db.prepare(`SELECT id FROM ${table} NOT INDEXED ORDER BY id`).pluck().all() as string[]).map(
        (id) => `${table} ${id}`,
      ),
    );
  } catch (error) {
    return [String(error)];
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}

const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
/** Hashes of every file below a folder. */
const hashes = (folder: string): ReadonlySet<string> =>
  new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile())
      .map(hash),
  );

/** What happens to a call: the program dies before it, or the disk is full. */
type What = 'signal=KILL' | 'error=ENOSPC';

/** Runs the program under strace, which does something to the call of that number; the number of calls. */
function run(words: readonly string[], log: string, at?: number, what: What = 'signal=KILL'): number {
  const inject = at === undefined ? [] : ['-e', `inject=${calls}:${what}:when=${at}`];
  spawnSync('strace', ['-qq', '-o', log, '-e', `trace=${calls}`, ...inject, process.execPath, program, ...words], {
    stdio: 'ignore',
  });
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => /^(rename|link|unlink|pwrite)/.test(line)).length;
}

/** What replaces a ledger: how a home is brought to its start, and the command. */
const cases: Readonly<Record<string, (home: string) => Promise<readonly string[]>>> = {
  'a repair': async (home) => {
    makeUnindexed(home);
    return ['--home', home, '--fix', '--yes', '--json'];
  },
  'an undo': async (home) => {
    makeUnindexed(home);
    await cli(['--home', home, '--fix', '--yes']);
    return ['undo', '--home', home];
  },
  'an undo of an undo': async (home) => {
    makeUnindexed(home);
    await cli(['--home', home, '--fix', '--yes']);
    const { stdout } = await cli(['undo', '--home', home]);
    return ['undo', '--home', home, /undo (\S+)\n$/.exec(stdout)?.[1] ?? 'none'];
  },
  'a restore': async (home) => {
    makeUnindexed(home);
    const { id } = await backUp(home);
    write(home, insert('newer'));
    return ['backup', 'restore', id, '--home', home, '--allow', 'lossy', '--yes'];
  },
};

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

test.skipIf(!hasStrace).each(Object.keys(cases))(
  'killed at any call of %s, every row stays in view, whoever opens the ledger before the doctor does',
  { timeout: 7_200_000 },
  async (name) => {
    await using scratch = await makeScratch();
    const log = join(scratch.path, 'strace.log');
    const begin = cases[name] ?? (async () => []);
    const first = join(scratch.path, 'counted');
    const words = await begin(first);
    const before = seen(first);
    const count = run(words, log);
    const after = seen(first);
    expect(count).toBeGreaterThan(5);
    const random = seeded(seed + name.length);
    const who = Object.keys(actors);
    const everyCall = Array.from({ length: count }, (_, at) => at + 1);
    const some = (salt: number): number => 1 + ((random(count) + salt) % count);
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
      run(words, log, at, what);
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
