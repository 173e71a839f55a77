import { describe, expect, it } from 'vitest';
import {
  ago,
  type Changes,
  changed,
  daemonProcess,
  harnessProcess,
  healthy,
  hour,
  runningRow,
  stopped,
  stranger,
} from '../../fixtures/seen.ts';
import { judgeRows, liveSessions } from '../../src/coven/rows.ts';
import type { Observations, Process, SessionRow } from '../../src/model/observation.ts';

const row = (id: string, seconds: number, more: Partial<SessionRow> = {}): SessionRow => ({
  ...runningRow,
  id,
  createdAt: ago(seconds),
  ...more,
});
const run: Process = {
  ...stranger,
  pid: 600,
  innerPid: 600,
  role: 'run',
  command: 'coven',
  home: 'this',
  startedAt: ago(hour),
};
const seen = (open: readonly SessionRow[], ...list: readonly Process[]): Changes => ({
  'store.sessions': { open },
  processes: { list },
});
/** It was started with a row, and carries no id of a session. */
const unmarked = (startedAt: string): Process => ({ ...stranger, sessionLeader: true, home: 'this', startedAt });

/** What each row is called: live, unowned, orphaned, or in doubt and why. */
function saidOf(base: Observations, changes: Changes): readonly string[] {
  const { live, unowned, orphaned, doubtful } = judgeRows(changed(base, changes));
  return [
    ...live.map(({ id }) => `${id} live`),
    ...unowned.map(({ id }) => `${id} unowned`),
    ...orphaned.map(({ id }) => `${id} orphaned`),
    ...doubtful.map(({ row: { id }, doubt }) => `${id} ${doubt}`),
  ];
}

const rows: readonly (readonly [what: string, seen: Changes, said: readonly string[]])[] = [
  ['a row of no process', seen([row('a', hour)]), ['a orphaned']],
  [
    'a process that carries its mark and may be a neighbour',
    seen([row('a', hour)], { ...stranger, sessionId: 'a' }),
    ['a other-process'],
  ],
  [
    'of two rows of the time of one run, the first is its row',
    seen([row('a', hour - 5), row('b', hour - 6)], run),
    ['a live', 'b orphaned'],
  ],
  [
    'each run has a row',
    seen([row('a', hour - 5), row('b', hour - 6)], run, { ...run, pid: 601, innerPid: 601 }),
    ['a live', 'b live'],
  ],
  ['a row 15 seconds after a run began', seen([row('a', hour - 15)], run), ['a live']],
  ['a row 15.01 seconds after', seen([row('a', hour - 15.01)], run), ['a other-command']],
  ['a row 2 seconds before a run began', seen([row('a', hour + 2)], run), ['a live']],
  ['a row 2.001 seconds before', seen([row('a', hour + 2.001)], run), ['a other-command']],
  [
    'a process that began 30 seconds after a row',
    seen([row('a', hour + 30)], unmarked(ago(hour))),
    ['a other-process'],
  ],
  ['a process that began 30.01 seconds after', seen([row('a', hour + 30.01)], unmarked(ago(hour))), ['a orphaned']],
];

describe('the rows of running sessions, where no daemon runs', () => {
  for (const [what, changes, said] of rows) it(what, () => expect(saidOf(stopped, changes)).toEqual(said));

  it('those that Coven did not start are counted apart', () => {
    const outside = ['a', 'b'].map((id) => row(id, hour, { external: true }));
    const { external, orphaned } = judgeRows(changed(stopped, seen([...outside, row('c', hour)])));
    expect([external, orphaned.map(({ id }) => id)]).toEqual([2, ['c']]);
  });

  it('a harness of a daemon that is not this one is none that a restart ends', () => {
    const live = (ownerPid: number) =>
      liveSessions(changed(healthy, seen([runningRow], daemonProcess, { ...harnessProcess, ownerPid })));
    expect([live(4242), live(5000)]).toEqual([
      { daemonSessions: ['session-1'], runSessions: [] },
      { daemonSessions: [], runSessions: ['session-1'] },
    ]);
    const late = { ...run, startedAt: ago(hour - 60) };
    expect(liveSessions(changed(stopped, seen([runningRow, row('b', hour - 60)], late, harnessProcess)))).toEqual({
      daemonSessions: [],
      runSessions: ['session-1', 'b'],
    });
  });
});
