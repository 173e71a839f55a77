// A hint sends its reader to another check only where the report has words for that check.
import { describe, expect, test } from 'vitest';
import { checks as plain } from '../../checks/index.ts';
import { upgradeChecks } from '../../checks/upgrades.ts';
import { checkOf } from '../../fixtures/checks.ts';
import { namedChecks, toldChecks } from '../../fixtures/named-checks.ts';
import { blockedBy } from '../../src/coven/obstacles.ts';
import { shellLine } from '../../src/model/advice.ts';
import { type Check, type Finding, fail, pass, warn } from '../../src/model/check.ts';
import { adviseOn } from '../../src/model/say.ts';
import { repairOf } from '../../src/render/remediation.ts';
import type { Accepted } from '../../src/run/accepted.ts';
import { makeReport, type Report } from '../../src/run/report.ts';

const all: readonly Check[] = [...plain, ...upgradeChecks];
const none = { evidence: [] };
const run = (id: string, ...findings: readonly Finding[]) => ({ check: checkOf(id), findings, durationMs: 0 });
const realRun = (id: string, ...findings: readonly Finding[]): Run => {
  const check = all.find((one) => one.id === id);
  if (!check) throw new TypeError(id);
  return { check, findings, durationMs: 0 };
};
type Run = Omit<ReturnType<typeof run>, 'check'> & { readonly check: Check };
const about = { runId: 'x', startedAt: '2026-11-27T10:00:00.000Z', durationMs: 0, home: '/h' };
const suppressed: Accepted = {
  suppressions: [{ check: 'home:reset', reason: 'known', expires: '2099-01-01' }],
  baseline: null,
};

interface Case {
  readonly what: string;
  /** The checks in the way, and what the report holds beside the finding whose hint it is. */
  readonly ids: readonly string[];
  readonly beside: readonly Run[];
  readonly accepted?: Accepted;
  /** What the advice begins with, of a daemon that is stopped. */
  readonly first: string;
  readonly commands?: readonly string[];
}

const cases: readonly Case[] = [
  {
    what: 'a check that shows what it found is named',
    ids: ['home:reset'],
    beside: [run('home:reset', fail('interrupted', '<x>', none))],
    first: 'First do what `home:reset` says, then run `coven daemon start`.',
  },
  {
    what: 'a check whose finding follows from another is told by that one',
    ids: ['store:rehearsal', 'store:integrity'],
    beside: [
      run('store:rehearsal', fail('refused', '<x>', none)),
      run('store:integrity', fail('corrupt', '<x>', none)),
    ],
    first: 'First do what `store:integrity` says, then run `coven daemon start`.',
  },
  {
    what: 'a check that was not asked has to be asked',
    ids: ['home:reset'],
    beside: [],
    first: 'First do what this says:',
    commands: ['explain home:reset'],
  },
  {
    what: 'a check that found nothing has to be asked what it saw',
    ids: ['home:reset', 'home:locks'],
    beside: [run('home:reset', pass('<x>', none)), run('home:locks', fail('linked', '<x>', none))],
    first: 'First do what `home:locks` says, and what this says:',
    commands: ['explain home:reset'],
  },
  {
    what: 'a check whose finding is accepted shows no advice',
    ids: ['home:reset'],
    beside: [run('home:reset', fail('interrupted', '<x>', none))],
    accepted: suppressed,
    first: 'First do what this says:',
    commands: ['explain home:reset'],
  },
  {
    what: 'a ledger that was not read is asked for as a whole',
    ids: ['store'],
    beside: [],
    first: 'First do what this says:',
    commands: ['--only store'],
  },
];

/** The report of one finding with what is in the way, beside others. */
function reportOf(check: Check, code: string, { ids, beside, accepted }: Case): Report {
  const asks = new Set([check, ...beside.map((one) => one.check)].map(({ id }) => id));
  const ways = { start: ids, restart: ids, stop: ids, vacuum: ids };
  const facts = { daemonVerdict: 'stopped', daemonPid: null, ...blockedBy(ways, (id) => asks.has(id)) };
  const mine: Run = { check, findings: [fail(code, '<x>', { ...none, facts })], durationMs: 0 };
  return makeReport([mine, ...beside], 'fail', about, accepted);
}

describe.each(cases)('$what', (one) => {
  test('in the words of a stopped daemon', () => {
    const [daemon] = reportOf(checkOf('daemon'), 'stopped', one).checks;
    if (!daemon) throw new Error('no report');
    const advice = adviseOn(daemon.check, daemon.worst);
    expect(advice[0]).toBe(one.first);
    expect(advice.flatMap((part) => (typeof part === 'string' ? [] : [part.argv.slice(1).join(' ')]))).toEqual(
      one.commands ?? [],
    );
  });

  test('no hint of any cause of any check names a check that is not shown, or its own', () => {
    const wrong = all.flatMap((check) =>
      Object.keys(check.causes)
        .filter((code) => code !== 'ok' && !one.beside.some((other) => other.check.id === check.id))
        .flatMap((code) => {
          const report = reportOf(check, code, one);
          const told = toldChecks(report);
          const [mine] = report.checks;
          const named = mine ? namedChecks(adviseOn(mine.check, mine.worst)) : [];
          return named.filter((id) => id === check.id || !told.has(id)).map((id) => `${check.id} ${code}: ${id}`);
        }),
    );
    expect(wrong).toEqual([]);
  });
});

test.each([
  ['lossy', fail('torn', '<x>', none), 'coven-doctor --fix --allow lossy', ['store:wal']],
  ['safe', warn('large', '<x>', none), 'coven-doctor --fix', ['store:wal']],
  ['by hand alone', fail('undetermined', '<x>', none), null, null],
] as const)(
  'what starts a daemon behind a repair that is %s is repaired by the command for both',
  (_, wal, line, after) => {
    const stale = fail('stale', '<x>', { ...none, facts: { startBlockedBy: 'store:wal' } });
    const { checks } = makeReport([realRun('daemon', stale), realRun('store:wal', wal)], 'fail', about);
    const [own] = checks;
    if (!own) throw new TypeError('no daemon');
    const repair = repairOf(own.check, own.findings[0] ?? stale, checks);
    expect(repair && [shellLine(repair.command), repair.after]).toEqual(line && [line, after]);
  },
);
