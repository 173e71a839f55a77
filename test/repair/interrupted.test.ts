import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { holdAfter } from '../../fixtures/held.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));

const listing = (home: string): readonly string[] =>
  snapshot(home, { without: 'doctor' }).filter((line) => !line.startsWith('. 40755'));

function spoil(home: string): string {
  makeHome(home, { rows: [{ id: 'a', status: 'completed' }], events: 20 });
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  chmodSync(join(home, 'state.lock'), 0o644);
  chmodSync(home, 0o755);
  return home;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `--fix --yes`, acts when it has said a word for the first time, and holds it until then where it has written `heldAt`. */
async function fixUntil(
  scratch: Scratch,
  home: string,
  word: string,
  act: (pid: number) => unknown,
  heldAt: string = word,
): Promise<Ended> {
  const hold = holdAfter(mkdtempSync(join(scratch.path, 'hold-')), heldAt);
  const child = spawn(process.execPath, [program, '--home', home, '--fix', '--yes'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...hold.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  }) as ChildProcessByStdio<null, Readable, Readable>;
  scratch.onEnd(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  let acted: Promise<unknown> | null = null;
  child.stderr.on('data', (data: Buffer) => {
    stderr += data;
  });
  child.stdout.on('data', (data: Buffer) => {
    stdout += data;
    if (!stdout.includes(word)) return;
    acted ??= Promise.resolve(act(child.pid ?? 0)).then(hold.letGo);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  await acted;
  return { code, signal, stdout, stderr };
}

/** The last record of the newest run's journal; null where none was begun. */
function lastRecord(home: string): string | null {
  const runs = join(home, 'doctor', 'runs');
  const newest = existsSync(runs) ? readdirSync(runs).toSorted().at(-1) : undefined;
  const journal = newest && join(runs, newest, 'journal.jsonl');
  if (!journal || !existsSync(journal)) return null;
  return (JSON.parse(readFileSync(journal, 'utf8').trimEnd().split('\n').at(-1) ?? '{}') as { record: string }).record;
}

describe.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  // What is said before the plan, while it is backed up, at each step, and while it is looked at again.
  test.each(['Plan', 'Making a backup', '1. ', '2. ', '3. ', 'Checking again'])(
    'at "%s" ends at the boundary of a step, with a journal that is over and a home that is as it was',
    async (word) => {
      await using scratch = await makeScratch();
      const home = spoil(join(scratch.path, 'home'));
      const before = listing(home);
      const ended = await fixUntil(scratch, home, word, (pid) => process.kill(pid, signal));
      expect([ended.code, ended.signal, ended.stderr]).toEqual([code, null, '']);
      expect([null, 'abort', 'commit']).toContain(lastRecord(home));
      const fixed = listing(home);
      // A run that was past its last boundary is whole; any other one left nothing.
      if (lastRecord(home) !== 'commit') expect(fixed).toEqual(before);
      const again = await cli(['--home', home, '--fix', '--yes', '--json']);
      expect(JSON.parse(again.stdout).checks.find(({ id }: { id: string }) => id === 'home:repairs').status).toBe(
        'pass',
      );
      expect(again.exitCode).toBe(0);
    },
  );
});

test('a signal in the last look at a home that is mended is told by the exit code, and so is what was mended', async () => {
  await using scratch = await makeScratch();
  const home = spoil(join(scratch.path, 'home'));
  const atCommit = async (pid: number): Promise<void> => {
    while (lastRecord(home) !== 'commit') await turn(1);
    process.kill(pid, 'SIGINT');
  };
  const ended = await fixUntil(scratch, home, 'Checking again', atCommit, '"record":"commit"');
  expect([ended.code, ended.stderr, ended.stdout.includes('fixed: home:mode')]).toEqual([130, '', true]);
});

test('two doctors at once, whenever the second one begins: one repairs, the other changes nothing', async () => {
  for (const word of ['Plan', 'Making a backup', '1. ', 'Checking again']) {
    await using scratch = await makeScratch();
    const home = spoil(join(scratch.path, 'home'));
    let other: Promise<Ended> | undefined;
    const first = await fixUntil(scratch, home, word, () => {
      other = fixUntil(scratch, home, 'said by no repair', () => undefined);
    });
    const second = await other;
    // The other may come when all is done; then it finds nothing to do.
    const codes = [first.code, second?.code].toSorted();
    expect(
      [
        [0, 0],
        [0, 5],
      ],
      `${first.stdout}${first.stderr}${second?.stdout}${second?.stderr}`,
    ).toContainEqual(codes);
    const runs = (await cli(['runs', '--home', home, '--json'])).stdout;
    const stands = (JSON.parse(runs).runs as { state: string }[]).filter(({ state }) => state === 'committed');
    expect(stands).toHaveLength(1);
    expect((await cli(['--home', home, '--fix', '--yes'])).exitCode).toBe(0);
  }
});
