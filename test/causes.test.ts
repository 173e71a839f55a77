import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checks as allChecks } from '../checks/index.ts';
import { upgradeChecks } from '../checks/upgrades.ts';
import { checkOf } from '../fixtures/checks.ts';
import { cli } from '../fixtures/diagnose.ts';
import { hoursAgo, makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { type Finding, fail, pass, unknown, warn } from '../src/model/check.ts';
import { makeReport } from '../src/run/report.ts';

const none = { evidence: [] };
const run = (id: string, ...findings: readonly Finding[]) => ({
  check: checkOf(id),
  findings,
  durationMs: 0,
});
const about = { runId: 'x', startedAt: 'x', durationMs: 0, home: '/h' };
/** Each finding as `check code`, with the cause that it is told to follow from. */
const told = (...runs: readonly ReturnType<typeof run>[]): readonly string[] =>
  makeReport(runs, 'fail', about).checks.flatMap(({ check, findings }) =>
    findings.map(
      ({ code, causedBy }) => `${check.id} ${code}${causedBy ? ` < ${causedBy.check} ${causedBy.code}` : ''}`,
    ),
  );

test('what follows from a cause says so, whatever the order of the checks', () => {
  expect(
    told(
      run('daemon:socket', warn('stale', '<x>', none)),
      run('daemon', fail('stale', '<x>', none)),
      run('sessions:orphaned', warn('orphaned', '<x>', none)),
    ),
  ).toEqual(['daemon:socket stale < daemon stale', 'daemon stale', 'sessions:orphaned orphaned < daemon stale']);
});

test('without its root, the same finding is a cause of its own', () => {
  expect(
    told(run('daemon', warn('stopped', '<x>', none)), run('sessions:orphaned', warn('orphaned', '<x>', none))),
  ).toEqual(['daemon stopped', 'sessions:orphaned orphaned']);
});

test('a pass is no root, and a consequence of a consequence names the first cause', () => {
  const health = fail('invalid-response', '<x>', none);
  expect(told(run('store:open', pass('<x>', none)), run('daemon:log', warn('start-incomplete', '<x>', none)))).toEqual([
    'store:open ok',
    'daemon:log start-incomplete',
  ]);
  expect(
    told(
      run('daemon:health', health),
      run('daemon:contract', fail('missing', '<x>', none)),
      run('daemon:capabilities', fail('missing', '<x>', none)),
    ),
  ).toEqual([
    'daemon:health invalid-response',
    'daemon:contract missing < daemon:health invalid-response',
    'daemon:capabilities missing < daemon:health invalid-response',
  ]);
});

test('what could not be seen is told once', () => {
  const blind = unknown('unobserved', '<x>', { ...none, facts: { observation: 'processes' } });
  expect(told(run('daemon', blind), run('daemon:log', { ...blind }), run('sessions:orphaned', { ...blind }))).toEqual([
    'daemon unobserved',
    'daemon:log unobserved < daemon unobserved',
    'sessions:orphaned unobserved < daemon unobserved',
  ]);
});

test('every cause that another follows from is a code of a check', () => {
  const known = new Set(
    [...allChecks, ...upgradeChecks].flatMap((check) => [
      `${check.id} *`,
      ...Object.keys(check.causes).map((code) => `${check.id} ${code}`),
    ]),
  );
  const named = [...allChecks, ...upgradeChecks].flatMap(({ causes }) =>
    Object.values(causes).flatMap(({ follows = [] }) => follows),
  );
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('a killed daemon is one cause in the text, with its repair, the way by hand, and what it causes', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'running' }] });
  const record = { pid: 4_000_000, startedAt: hoursAgo(1), socket: join(home, 'coven.sock') };
  writeFileSync(join(home, 'daemon.json'), JSON.stringify(record), { mode: 0o600 });
  const { stdout, exitCode } = await cli([], { env: { COVEN_HOME: home } });
  expect(exitCode).toBe(1);
  expect(stdout.replaceAll(home, 'HOME').split('\n').slice(0, 13)).toEqual([
    'Coven home: HOME',
    '',
    '[!!] The daemon is not running, but daemon.json names pid 4000000, which is gone',
    '     Fix it (a backup comes first; starting the daemon cannot be undone):',
    '       coven-doctor --fix --yes',
    '     Or by hand:',
    '     Start it again:',
    '       coven daemon start',
    '     daemon stale; this also causes daemon:record dead-pid, sessions:orphaned',
    '     orphaned',
    '',
    expect.stringMatching(/^1 failed, 2 warnings, \d+ passed, \d+ skipped\. 2 of these follow from problems$/),
    'above, which name them.',
  ]);
});
