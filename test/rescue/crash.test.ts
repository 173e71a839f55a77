// A rescue in place that is killed, or meets a full disk, at any call: the ledger is the damaged one or the rescued one, never a mixture,
// nothing of the damaged one is lost, and the next rescue goes through.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seeded } from '../../fixtures/daemon/seeded.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { insert, run, seen, type What, write } from '../../fixtures/repair/replaced.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
if (!hasStrace) console.log('crash battery of rescues skipped: strace is not installed');

const all = process.env.COVEN_DOCTOR_CRASHES === 'all';
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);
const points = 3;
const page = 4096;

const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const filesOf = (home: string): readonly string[] =>
  ['', '-wal'].map((suffix) => join(home, `coven.sqlite3${suffix}`)).filter(existsSync);

/** A ledger without its first page, with a session in its WAL alone: SQLite opens it no more. */
function damagedHome(home: string): void {
  makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  write(home, insert('in-the-wal'));
  const path = join(home, 'coven.sqlite3');
  writeFileSync(path, readFileSync(path).fill(0, 0, page));
}

function hashes(folder: string): ReadonlySet<string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return new Set(files.filter((path) => statSync(path).isFile()).map(hash));
}

test.skipIf(!hasStrace)(
  'killed at any call, a rescue leaves the damaged ledger or the rescued one, and can be done again',
  { timeout: 7_200_000 },
  async () => {
    await using scratch = await makeScratch();
    const log = join(scratch.path, 'strace.log');
    const words = (home: string) => ['rescue', '--home', home, '--yes', '--json'];
    const first = join(scratch.path, 'counted');
    damagedHome(first);
    const made = run(words(first), log);
    const rescued = seen(first);
    expect(rescued).toContain('sessions in-the-wal');
    const everyCall = made.map((_, at) => at);
    const moves = everyCall.filter((at) => /^(rename|link|unlink).*\/coven\.sqlite3/.test(made[at]?.line ?? ''));
    expect(moves.length).toBeGreaterThan(2);
    const random = seeded(seed);
    const chosen = all ? everyCall : Array.from({ length: points }, () => moves[random(moves.length)] ?? 0);
    const failures: string[] = [];
    const whats: readonly What[] = ['signal=KILL', 'error=ENOSPC'];
    for (const at of chosen)
      for (const what of whats) {
        const home = join(scratch.path, 'home');
        damagedHome(home);
        const damaged = filesOf(home).map(hash);
        run(words(home), log, made[at], what);
        const wrong: string[] = [];
        // The WAL goes aside first: beside the rescued main file it would be replayed.
        const isDamaged =
          filesOf(home).map(hash)[0] === damaged[0] && filesOf(home).every((path) => damaged.includes(hash(path)));
        if (!isDamaged && seen(home).join() !== rescued.join()) wrong.push(`in view were ${seen(home).join(', ')}`);
        const kept = hashes(home);
        if (!damaged.every((content) => kept.has(content))) wrong.push('a part of the damaged ledger is lost');
        // 3: without its first page, what is lost without a trace is not known. Where the rescued ledger is in place already, it is whole.
        const again = await cli(words(home));
        if (again.exitCode !== 0 && again.exitCode !== 3)
          wrong.push(`again: exit ${again.exitCode} ${again.stdout.slice(0, 300)}${again.stderr}`);
        if (seen(home).join() !== rescued.join()) wrong.push(`in the end, in view are ${seen(home).join(', ')}`);
        failures.push(...wrong.map((line) => `${what} at call ${at} (${made[at]?.line.slice(0, 120)}): ${line}`));
        rmSync(home, { recursive: true });
      }
    for (const failure of failures) console.log(failure);
    console.log(
      `${chosen.length * whats.length} kills and full disks at ${made.length} calls, ${failures.length} failures`,
    );
    expect(failures).toEqual([]);
  },
);
