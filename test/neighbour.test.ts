import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../fixtures/diagnose.ts';
import { startProgram } from '../fixtures/double.ts';
import { hoursAgo, makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';

const stopped = 'daemon stopped warn';
const withProc = test.skipIf(!existsSync('/proc/self/environ'));

/** A home whose daemon is gone, with a row that was written just now. */
const makeLeft = (scratch: Scratch): string =>
  makeHome(join(scratch.path, 'home'), { rows: [{ id: 'session-1', status: 'running', createdAt: hoursAgo(0) }] });

withProc('the doctor as leader of a session of its own hides no orphaned row (needs /proc)', async () => {
  await using scratch = await makeScratch();
  const home = makeLeft(scratch);
  const expected = [stopped, 'sessions:orphaned orphaned warn'];
  expect((await diagnose(home)).faults).toEqual(expected);
  for (const marker of [undefined, '{"id":"daemon-session-session-1","generation":"g"}']) {
    const mark = marker === undefined ? {} : { COVEN_MAINTENANCE_PARTICIPANT: marker };
    const env = { COVEN_HOME: home, ...mark };
    expect((await diagnose(home, { through: ['setsid', '--wait'], env })).faults).toEqual(expected);
  }
});

withProc('a neighbour that leads a session and may be the harness leaves the row unknown (needs /proc)', async () => {
  await using scratch = await makeScratch();
  const home = makeLeft(scratch);
  const env = { COVEN_HOME: home, PATH: process.env.PATH ?? '' };
  await startProgram(scratch, 'setsid', ['sh', '-c', 'echo started; exec sleep 600'], env);
  const { faults, exitCode } = await diagnose(home);
  expect([exitCode, faults]).toEqual([3, [stopped, 'sessions:orphaned undetermined unknown']]);
});
