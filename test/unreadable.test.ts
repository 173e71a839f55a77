import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { hoursAgo, makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';

/** Root reads every environment, so there the diagnosis runs as nobody. */
const uid = process.geteuid?.() === 0 ? 65_534 : undefined;
const stopped = 'daemon stopped warn';
const row = { id: 'session-1', status: 'running', createdAt: hoursAgo(1) };

function ownedHome(scratch: Scratch): string {
  const home = makeHome(join(scratch.path, 'home'), { rows: [row] });
  if (uid === undefined) return home;
  for (const path of [scratch.path, home, ...readdirSync(home).map((name) => join(home, name))]) {
    chownSync(path, uid, uid);
  }
  return home;
}

/** A session leader whose memory the kernel closes, since its program may be run and not read. */
async function startClosed(scratch: Scratch, home: string): Promise<ChildProcess> {
  const program = join(scratch.path, 'codex');
  copyFileSync('/bin/sleep', program);
  chmodSync(program, 0o111);
  const child = spawn(program, ['600'], {
    env: { COVEN_HOME: home },
    detached: true,
    stdio: 'ignore',
    ...(uid !== undefined && { uid, gid: uid }),
  });
  scratch.onEnd(async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  await once(child, 'spawn');
  return child;
}

test.skipIf(!existsSync('/proc/self/environ'))(
  'a process that hides its environment from its own user leaves rows and processes unknown (needs /proc)',
  async () => {
    await using scratch = await makeScratch();
    const home = ownedHome(scratch);
    const circumstances = uid === undefined ? {} : { uid };
    expect((await diagnose(home, circumstances)).faults).toEqual([stopped, 'sessions:orphaned orphaned warn']);
    const { pid } = await startClosed(scratch, home);
    if (uid === undefined) expect(() => readFileSync(`/proc/${pid}/environ`)).toThrow('EACCES');
    const { faults, exitCode } = await diagnose(home, circumstances);
    expect(faults).toEqual([
      stopped,
      'sessions:orphaned undetermined unknown',
      'sessions:processes undetermined unknown',
    ]);
    expect(exitCode).toBe(3);
  },
);
