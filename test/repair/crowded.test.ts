import { linkSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeBroken, planBroken } from '../../fixtures/repair/broken.ts';
import { willing } from '../../fixtures/repair/plan.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { Refused } from '../../src/backup/refused.ts';
import { walk } from '../../src/backup/walk.ts';
import { mostRuns } from '../../src/model/run-id.ts';
import { applyPlan } from '../../src/repair/engine/apply.ts';
import { listRuns } from '../../src/repair/engine/runs.ts';
import { undoRun } from '../../src/repair/engine/undo.ts';

const idOf = (n: number): string => `20261127T000000Z-${n.toString(16).padStart(6, '0')}`;

/** A home with so many runs, each an empty folder. */
function homeWithRuns(path: string, count: number): string {
  const home = makeHome(path);
  for (let n = 0; n < count; n += 1) mkdirSync(join(home, 'doctor', 'runs', idOf(n)), { recursive: true, mode: 0o700 });
  return home;
}

test('more runs than are looked through: the diagnosis cannot tell whether one was cut off, and nothing is done beside them', async () => {
  await using scratch = await makeScratch('memory');
  const home = homeWithRuns(join(scratch.path, 'home'), mostRuns + 1);
  const { document, all } = await diagnose(home, { args: ['--only', 'home:repairs'] });
  expect(all).toEqual(['home:repairs undetermined unknown']);
  expect(document.checks[0]?.message).toContain('doctor/runs holds more runs than are looked through');
  const words: readonly (readonly string[])[] = [
    ['runs'],
    ['undo'],
    ['rescue', '--yes'],
    ['backup', 'list'],
    ['backup', 'create'],
  ];
  for (const command of words) {
    const { exitCode, stdout, stderr } = await cli([...command, '--home', home]);
    expect([command, exitCode]).toEqual([command, 5]);
    expect(stdout + stderr).toContain(`doctor/runs holds more than ${mostRuns} runs`);
  }
  expect(readdirSync(join(home, 'doctor', 'runs')).length).toBe(mostRuns + 1);
});

test('as many as are looked through are', async () => {
  await using scratch = await makeScratch('memory');
  const home = homeWithRuns(join(scratch.path, 'home'), mostRuns);
  expect((await diagnose(home, { args: ['--only', 'home:repairs'] })).all).toEqual(['home:repairs ok pass']);
});

test('runs with more in their journals than is read: likewise', async () => {
  await using scratch = await makeScratch('memory');
  const home = homeWithRuns(join(scratch.path, 'home'), 5);
  for (let n = 0; n < 5; n += 1) {
    const journal = join(home, 'doctor', 'runs', idOf(n), 'journal.jsonl');
    writeFileSync(journal, '', { mode: 0o600 });
    truncateSync(journal, 15 * 1024 ** 2);
  }
  const { all } = await diagnose(home, { args: ['--only', 'home:repairs'] });
  expect(all).toEqual(['home:repairs undetermined unknown']);
});

describe('journals that claim to undo one another', () => {
  const undo = (home: string, run?: string) => undoRun({ home, run, signal: new AbortController().signal });
  /** The journal of a run says that it took back another. */
  function claim(home: string, run: string, undoes: string): void {
    const journal = join(home, 'doctor', 'runs', run, 'journal.jsonl');
    const text = readFileSync(journal, 'utf8').replace(/"undoes":(?:null|"[^"]*")/, `"undoes":"${undoes}"`);
    writeFileSync(journal, text, { mode: 0o600 });
  }
  const repaired = async (path: string): Promise<readonly string[]> => {
    const home = await makeBroken(path);
    const { runId } = await applyPlan(planBroken(home), willing(home));
    const undone = await undo(home);
    return [home, runId ?? '', undone.runId ?? ''];
  };

  test('in a circle are read to their end', async () => {
    await using scratch = await makeScratch('memory');
    const [home = '', first = '', second = ''] = await repaired(join(scratch.path, 'home'));
    claim(home, first, second);
    expect(listRuns(home).map(({ id, undoneBy }) => [id, undoneBy])).toEqual([
      [second, null],
      [first, second],
    ]);
    expect((await undo(home, first)).reasons).toEqual([{ code: 'already-undone', facts: { run: first, by: second } }]);
    expect((await cli(['runs', '--home', home])).exitCode).toBe(0);
  });

  test('and one that claims to undo itself', async () => {
    await using scratch = await makeScratch('memory');
    const [home = '', first = '', second = ''] = await repaired(join(scratch.path, 'home'));
    claim(home, second, second);
    expect(listRuns(home).map(({ id, undoneBy }) => [id, undoneBy])).toEqual([
      [second, null],
      [first, null],
    ]);
  });
});

describe('a home that holds more than a backup takes', () => {
  const most = 150_000;
  let walked: unknown;
  let full = '';
  beforeAll(async () => {
    await using scratch = await makeScratch('memory');
    const home = makeHome(join(scratch.path, 'home'));
    full = join(home, 'afs', 'much');
    mkdirSync(full, { recursive: true, mode: 0o700 });
    writeFileSync(join(full, 'x'), '');
    for (let n = 0; n < most; n += 1) linkSync(join(full, 'x'), join(full, `x${n}`));
    try {
      walked = walk(home);
    } catch (error) {
      walked = error;
    }
  }, 120_000);

  test('is refused, and the folder is named', () => {
    expect(walked).toBeInstanceOf(Refused);
    expect((walked as Refused).message).toContain(`holds more than ${most} files and folders`);
    expect((walked as Refused).message).toContain(`many are in ${full}: move`);
  });
});
