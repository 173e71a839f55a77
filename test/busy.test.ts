import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { makeWorld, ours } from '../fixtures/daemon/daemon.ts';
import { diagnose } from '../fixtures/diagnose.ts';
import { endProcesses } from '../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';

/** Programs that take all processor time that they get, many on each processor, until the scratch folder ends. */
function startHogs(scratch: Scratch, each: number): void {
  for (let hog = 0; hog < each * availableParallelism(); hog += 1) {
    const child = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
    scratch.onEnd(() => void child.kill('SIGKILL'));
  }
}

/** A daemon of ours that gives way to everybody else. */
async function startPoliteDaemon(scratch: Scratch) {
  const { home, env, project } = makeWorld(scratch);
  scratch.onEnd(() => void endProcesses(home));
  const started = await execa('nice', ['-n', '19', ...ours, 'daemon', 'start', '--json'], {
    env,
    cwd: project,
    extendEnv: false,
    stdin: 'ignore',
  });
  return { home, pid: JSON.parse(started.stdout).pid as number };
}

test('a healthy daemon that hardly gets any processor time is never said to hang', async () => {
  await using scratch = await makeScratch();
  const { home } = await startPoliteDaemon(scratch);
  startHogs(scratch, 4);
  for (let run = 0; run < 2; run += 1) {
    const { faults } = await diagnose(home, { args: ['--only', 'daemon'], daemonLives: true });
    // It answers, or it is said that it could not be told in the time.
    expect(faults.filter((fault) => !fault.endsWith(' unknown'))).toEqual([]);
  }
});

test('on a busy machine, too, a daemon that was stopped by a signal is said to hang, and why', async () => {
  await using scratch = await makeScratch();
  const { home, pid } = await startPoliteDaemon(scratch);
  process.kill(pid, 'SIGSTOP');
  startHogs(scratch, 4);
  const { document, faults } = await diagnose(home, {
    args: ['--only', 'daemon', '--timeout', '60'],
    daemonLives: true,
  });
  expect(faults).toEqual(['daemon hung fail', 'daemon:socket hung fail']);
  expect(document.checks[0]?.hint).toBe(`Let it go on: kill -CONT ${pid}`);
});
