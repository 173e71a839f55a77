import { describe, expect, it, test } from 'vitest';
import { checkOf } from '../../fixtures/checks.ts';
import type { Finding, Status } from '../../src/model/check.ts';
import type { Accepted } from '../../src/run/accepted.ts';
import { compareChecks, isHomeAbsent, leadOf, makeReport, type Report, type Threshold } from '../../src/run/report.ts';
import type { CheckRun } from '../../src/run/runner.ts';

const startedAt = '2026-11-24T10:00:00.000Z';
const about = { runId: 'run', startedAt, durationMs: 1, home: '/home/ada/.coven' };

/** `home:a fail broken` is a check and what it found; without a code it is its status. */
function findingOf(line: string): Finding {
  const [, status = '', code = status, escalate] = line.split(' ');
  const finding = { code, status: status as Status, target: '<coven-home>', facts: {}, evidence: [] };
  return escalate ? { ...finding, escalate: escalate as NonNullable<Finding['escalate']> } : finding;
}

function reportOf(lines: readonly string[], threshold: Threshold = 'fail', accepted?: Accepted): Report {
  const ids = [...new Set(lines.map((line) => line.split(' ')[0] ?? ''))];
  const runs = ids.map((id) => ({
    check: checkOf(id),
    findings: lines.filter((line) => line.startsWith(`${id} `)).map(findingOf),
    durationMs: 1,
  }));
  return makeReport(runs, threshold, about, accepted);
}

const accepting = (code: string | undefined, expires: string): Accepted => ({
  suppressions: [{ check: 'home:a', ...(code && { code }), reason: 'known', expires }],
  baseline: null,
});
const since = (status: Status): Accepted => ({
  suppressions: [],
  baseline: { runId: 'before', statuses: new Map([['home:a/broken/<coven-home>', status]]) },
});

const codes: readonly (readonly [
  what: string,
  found: readonly string[],
  exitCode: number,
  threshold?: Threshold,
  accepted?: Accepted,
])[] = [
  ['all is well', ['home:a pass', 'home:b skipped'], 0],
  ['a failure', ['home:a fail'], 1],
  ['a warning', ['home:a warn'], 0],
  ['a warning where that is the threshold', ['home:a warn'], 1, 'warn'],
  ['what could not be told', ['home:a unknown'], 3],
  ['what could not be told where warnings fail', ['home:a unknown'], 3, 'warn'],
  ['what could not be told beside what is well', ['home:a unknown', 'home:b pass'], 3],
  ['a failure before what could not be told', ['home:a unknown', 'home:b fail'], 1],
  ['a failure that is suppressed', ['home:a fail broken'], 0, 'fail', accepting('broken', '2026-12-31')],
  ['one that is suppressed until today', ['home:a fail broken'], 0, 'fail', accepting('broken', '2026-11-24')],
  ['one that was until yesterday', ['home:a fail broken'], 1, 'fail', accepting('broken', '2026-11-23')],
  ['a warning that was until yesterday', ['home:a warn broken'], 1, 'fail', accepting('broken', '2026-11-23')],
  ['any cause of the check', ['home:a fail broken'], 0, 'fail', accepting(undefined, '2026-12-31')],
  ['another cause', ['home:a fail other'], 1, 'fail', accepting('broken', '2026-12-31')],
  ['another check', ['home:b fail broken'], 1, 'fail', accepting('broken', '2026-12-31')],
  ['what could not be told is not accepted', ['home:a unknown broken'], 3, 'fail', accepting('broken', '2026-12-31')],
  ['a failure of before', ['home:a fail broken'], 0, 'fail', since('fail')],
  ['a warning of before that fails now', ['home:a fail broken'], 1, 'fail', since('warn')],
  ['a warning that failed before', ['home:a warn broken'], 0, 'warn', since('fail')],
  ['a warning of before', ['home:a warn broken'], 0, 'warn', since('warn')],
  ['a new one', ['home:a fail other'], 1, 'fail', since('fail')],
];

describe('the exit code', () => {
  for (const [what, found, exitCode, threshold, accepted] of codes) {
    it(what, () => expect(reportOf(found, threshold, accepted).exitCode).toBe(exitCode));
  }
});

describe('a report', () => {
  it('counts each check once, by its worst finding', () => {
    const found = ['home:a warn', 'home:a fail', 'home:b pass', 'home:c skipped', 'home:d unknown', 'home:e warn'];
    const { summary, complete } = reportOf(found);
    expect([summary, complete]).toEqual([
      { pass: 1, warn: 1, fail: 1, unknown: 1, skipped: 1, suppressed: 0, known: 0 },
      false,
    ]);
  });

  it('counts what is accepted by itself', () => {
    expect(reportOf(['home:a fail broken', 'home:b fail'], 'fail', accepting('broken', '2026-12-31')).summary).toEqual({
      ...{ pass: 0, warn: 0, fail: 1, unknown: 0, skipped: 0, suppressed: 1, known: 0 },
    });
    expect(reportOf(['home:a fail broken'], 'fail', since('fail')).summary).toEqual({
      ...{ pass: 0, warn: 0, fail: 0, unknown: 0, skipped: 0, suppressed: 0, known: 1 },
    });
    expect(reportOf(['home:a unknown broken'], 'fail', accepting('broken', '2026-12-31')).summary).toEqual({
      ...{ pass: 0, warn: 0, fail: 0, unknown: 1, skipped: 0, suppressed: 0, known: 0 },
    });
  });

  it('tells the first reason for which a finding is accepted', () => {
    const suppression = { check: 'home:a', expires: '2026-12-31' };
    const suppressions = ['old', 'one', 'two'].map((reason) => ({ ...suppression, reason }));
    const accepted: Accepted = {
      suppressions: suppressions.map((one, index) => (index === 0 ? { ...one, expires: '2026-01-01' } : one)),
      baseline: null,
    };
    expect(reportOf(['home:a fail broken'], 'fail', accepted).checks[0]?.worst.suppressed?.reason).toBe('one');
  });

  it('puts the worst finding first, and what is accepted after what counts', () => {
    const found = [
      'home:a skipped',
      'home:a warn b',
      'home:a warn a',
      'home:a fail broken',
      'home:a unknown',
      'home:a fail',
    ];
    const said = (accepted?: Accepted) =>
      reportOf(found, 'fail', accepted).checks[0]?.findings.map(({ status, code }) => `${status} ${code}`);
    expect(said()).toEqual(['fail broken', 'fail fail', 'unknown unknown', 'warn a', 'warn b', 'skipped skipped']);
    expect(said(accepting('broken', '2026-12-31'))).toEqual([
      'fail fail',
      'unknown unknown',
      'warn a',
      'warn b',
      'fail broken',
      'skipped skipped',
    ]);
  });

  it('names each reason to ask for support once, and none of what is accepted', () => {
    const found = [
      'home:a fail broken ledger-cannot-open',
      'home:b fail x health-failed',
      'home:c fail y health-failed',
    ];
    expect(reportOf(found).escalate).toEqual(['health-failed', 'ledger-cannot-open']);
    expect(reportOf(found, 'fail', accepting('broken', '2026-12-31')).escalate).toEqual(['health-failed']);
  });

  it('is complete where nothing is unknown, and names the run that it is compared with', () => {
    const { complete, baseline } = reportOf(['home:a pass'], 'fail', since('fail'));
    expect([complete, baseline]).toEqual([true, 'before']);
    expect(reportOf(['home:a pass']).baseline).toBe(null);
  });

  it('tells what follows from a cause after the causes', () => {
    const found = ['daemon fail stale', 'daemon:socket warn stale', 'home:a warn', 'daemon:log warn crash-loop'];
    const checks = reportOf(found).checks.toSorted(compareChecks);
    expect(checks.map(({ check }) => check.id)).toEqual(['daemon', 'home:a', 'daemon:log', 'daemon:socket']);
    const [socket] = checks.filter(({ check }) => check.id === 'daemon:socket');
    expect(socket && leadOf(socket).causedBy).toEqual({ check: 'daemon', code: 'stale' });
  });

  it('tells that a daemon rests behind what is wrong, and another check of that code is not meant', () => {
    const found = ['daemon warn stopped', 'home:a warn stopped', 'daemon:log warn x'];
    const ids = (lines: readonly string[]) =>
      reportOf(lines)
        .checks.toSorted(compareChecks)
        .map(({ check }) => check.id);
    expect(ids(found)).toEqual(['home:a', 'daemon:log', 'daemon']);
    expect(ids(['daemon warn stale', 'home:a warn x'])).toEqual(['daemon', 'home:a']);
  });

  it('sorts what is as bad by its code', () => {
    const found = ['home:a warn c', 'home:a warn a', 'home:a warn b', 'home:a warn a'];
    expect(reportOf(found).checks[0]?.findings.map(({ code }) => code)).toEqual(['a', 'a', 'b', 'c']);
  });

  it('lets nothing follow from what is accepted', () => {
    const accepted: Accepted = {
      suppressions: [{ check: 'daemon', reason: 'known', expires: '2026-12-31' }],
      baseline: null,
    };
    const [, socket] = reportOf(['daemon fail stale', 'daemon:socket warn stale'], 'fail', accepted).checks;
    expect(socket?.worst.causedBy).toBe(undefined);
  });

  it('puts equal findings in the order of their codes, then of their targets', () => {
    const finding = (code: string, target: string): Finding => ({ ...findingOf('x warn'), code, target });
    const check = checkOf('home:a');
    const findings = [
      finding('b', '<b>'),
      finding('a', '<b>'),
      finding('a', '<a>'),
      finding('a', '<b>'),
      finding('b', '<a>'),
    ];
    const [one] = makeReport([{ check, findings, durationMs: 1 }], 'fail', about).checks;
    expect(one?.findings.map(({ code, target }) => code + target)).toEqual(['a<a>', 'a<b>', 'a<b>', 'b<a>', 'b<b>']);
    expect(() => makeReport([{ check, findings: [], durationMs: 1 }], 'fail', about)).toThrow('home:a has no finding');
  });

  it('tells the worst of the causes first', () => {
    const found = ['home:a warn', 'home:b pass', 'home:c fail', 'home:d skipped', 'home:e unknown'];
    const checks = reportOf(found).checks.toSorted(compareChecks);
    expect(checks.map(({ check }) => check.id)).toEqual(['home:c', 'home:e', 'home:a', 'home:d', 'home:b']);
  });

  it('leads with a cause of its own before a worse consequence', () => {
    const [, socket] = reportOf(['daemon fail stale', 'daemon:socket warn stale', 'daemon:socket warn apart']).checks;
    expect(socket && leadOf(socket).code).toBe('apart');
  });

  it('leads with the worst of several causes', () => {
    const [one] = reportOf(['home:a warn b', 'home:a fail a', 'home:a warn c']).checks;
    expect(one && leadOf(one).code).toBe('a');
  });
});

describe('a home that is not there', () => {
  const path = (absent: boolean): CheckRun => ({
    check: checkOf('home:path'),
    findings: [{ ...findingOf('home:path pass ok'), facts: { absent } }],
    durationMs: 1,
  });
  const other: CheckRun = { check: checkOf('home:a'), findings: [findingOf('home:a pass ok')], durationMs: 1 };
  const notAsked: CheckRun = {
    check: checkOf('home:b'),
    findings: ['home:b warn x', 'home:b skipped no-home'].map(findingOf),
    durationMs: 1,
  };
  const isAbsent = (...runs: readonly CheckRun[]) => isHomeAbsent(makeReport(runs, 'fail', about));

  it('is told by its own check, or by any that was not asked for that', () => {
    expect([isAbsent(path(true), other), isAbsent(notAsked, other)]).toEqual([true, true]);
  });
  it('is told by nothing else', () => {
    const elsewhere: CheckRun = { ...path(true), check: checkOf('home:a') };
    expect([isAbsent(path(false), other), isAbsent(elsewhere), isAbsent(other)]).toEqual([false, false, false]);
  });
});

test('what is in the way of a command is told by the check that the report has words for', () => {
  const lines = [
    'home:a warn x',
    'home:reset fail interrupted',
    'home:path pass',
    'daemon fail stale',
    'daemon:socket warn stale',
    'daemon:record skipped',
  ];
  const placed = (teller: string, startBlockedBy: string, ...more: readonly string[]) => {
    const all = [...lines, ...more];
    const runs = [...new Set(all.map((line) => line.split(' ')[0] ?? ''))].map((id) => ({
      check: checkOf(id),
      findings: all
        .filter((line) => line.startsWith(`${id} `))
        .map((line) => ({ ...findingOf(line), facts: id === teller ? { startBlockedBy } : {} })),
      durationMs: 1,
    }));
    return makeReport(runs, 'fail', about).checks.find(({ check }) => check.id === teller)?.worst.facts.startBlockedBy;
  };
  expect(placed('home:a', 'home:reset')).toBe('home:reset');
  expect(placed('home:a', 'daemon:socket')).toBe('daemon:socket < daemon');
  expect(placed('home:a', 'daemon:socket', 'daemon:socket warn apart')).toBe('daemon:socket');
  // What passes, was skipped or was not asked has no words.
  expect(placed('home:a', 'home:path, daemon:record, store:open')).toBe('home:path <, daemon:record <, store:open <');
  // Nobody is sent to the words that he reads, but for what they say themselves.
  expect(placed('daemon', 'daemon:socket, daemon')).toBe('daemon:socket <, daemon');
});
