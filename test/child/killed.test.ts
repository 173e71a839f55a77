import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { program, refuseInvalid } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';

interface Document {
  readonly exitCode: number;
  readonly checks: readonly { readonly id: string; readonly status: string }[];
}

/** The children of a process that run a program of ours. */
function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(ppid) === parent && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('ledger.js')
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

/** Diagnoses, and kills the reading child, and each one that takes its place, so many milliseconds after it was seen. */
async function diagnoseKilling(home: string, afterMs: number | null): Promise<{ document: Document; killed: number }> {
  const child = spawn(process.execPath, [program, '--home', home, '--json'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, 'exit');
  let killed = 0;
  while (afterMs !== null && child.exitCode === null && child.signalCode === null) {
    for (const pid of childrenOf(child.pid ?? 0)) {
      await turn(afterMs);
      try {
        process.kill(pid, 'SIGKILL');
        killed += 1;
      } catch {
        // It had ended.
      }
    }
    await turn(1);
  }
  const [code] = await ended;
  const [stdout, stderr] = await outputs;
  expect(stderr).toBe('');
  const document = JSON.parse(stdout) as Document;
  refuseInvalid(document);
  expect(document.exitCode).toBe(code);
  return { document, killed };
}

const statuses = ({ checks }: Document): Readonly<Record<string, string>> =>
  Object.fromEntries(checks.map(({ id, status }) => [id, status]));

test('a reading child that is killed at any moment leaves unknown what it had not told, and nothing else', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), {
    rows: [{ id: 'a', status: 'completed' }],
    events: 3000,
    leaveWal: true,
  });
  const whole = statuses((await diagnoseKilling(home, null)).document);
  const before = snapshot(home);
  let unknowns = 0;
  for (const afterMs of [0, 2, 5, 10, 20, 40, 60, 80, 120, 160, 240]) {
    const { document } = await diagnoseKilling(home, afterMs);
    const now = statuses(document);
    // The verdict on what was read stands; what was not is unknown, or skipped because of that.
    const others = Object.keys(whole).filter(
      (id) => now[id] !== whole[id] && now[id] !== 'unknown' && now[id] !== 'skipped',
    );
    expect(others).toEqual([]);
    const isUnknown = document.checks.some(({ status }) => status === 'unknown');
    expect(document.exitCode).toBe(isUnknown ? 3 : 0);
    if (isUnknown) unknowns += 1;
  }
  expect(unknowns).toBeGreaterThan(0);
  expect(snapshot(home)).toEqual(before);
});
