import { expect, test } from 'vitest';
import { wordless } from '../../fixtures/checks.ts';
import type { Host } from '../../src/host/host.ts';
import { type Check, defineCheck, fail, pass } from '../../src/model/check.ts';
import type { Observation } from '../../src/model/observation.ts';
import { exitCode, makeReport } from '../../src/run/report.ts';
import { runChecks } from '../../src/run/runner.ts';

const signal = new AbortController().signal;
const host = (fails: readonly string[] = []): Host => ({
  observe: async (key) =>
    ({
      key,
      at: '2026-01-01T00:00:00.000Z',
      ms: 1,
      ...(fails.includes(key) ? { ok: false, error: { code: 'EACCES', message: 'no' } } : { ok: true, value: {} }),
    }) as Observation as never,
  close: async () => {},
});
const check = (id: string, judge: Check['judge'], needs: Check['needs'] = ['home']): Check =>
  defineCheck({ id, category: 'home', ...wordless, needs, judge });
const ok = pass('<coven-home>', { evidence: [] });

async function codes(checks: readonly Check[], aHost = host(), checkMs = 5000): Promise<readonly string[]> {
  const runs = await runChecks(checks, aHost, { checkMs, signal });
  return runs.flatMap(({ check, findings }) => findings.map(({ code, status }) => `${check.id} ${code} ${status}`));
}

test('the answer is in the order of the checks, whatever ends first', async () => {
  let release = (): void => {};
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = check('home:a', async () => {
    await waiting;
    return [ok];
  });
  const fast = check('home:b', () => {
    release();
    return [ok];
  });
  expect(await codes([slow, fast])).toEqual(['home:a ok pass', 'home:b ok pass']);
});

test('a check that throws, overruns, says nothing or cannot see is unknown, and hides no other', async () => {
  const bad = [
    check('home:a', () => {
      throw new Error('x');
    }),
    check('home:b', () => new Promise(() => {})),
    check('home:c', () => []),
    check('home:d', () => [ok], ['home.disk']),
    check('home:e', () => [ok]),
  ];
  expect(await codes(bad, host(['home.disk']), 50)).toEqual([
    'home:a threw unknown',
    'home:b overran unknown',
    'home:c threw unknown',
    'home:d unobserved unknown',
    'home:e ok pass',
  ]);
});

test('a skipped check is neither a pass nor a fault', async () => {
  const skipped = defineCheck({
    id: 'home:a',
    category: 'home',
    ...wordless,
    needs: ['home'],
    skip: () => 'no-home',
    judge: () => [ok],
  });
  expect(await codes([skipped])).toEqual(['home:a no-home skipped']);
});

test('two declarations of one kind: ids are lower case words', () => {
  expect(() => check('Home:A', () => [ok])).toThrow(TypeError);
});

test('the exit code follows the worst finding and the threshold', () => {
  const finding = (status: 'pass' | 'warn' | 'fail' | 'unknown') => ({ ...ok, status });
  expect(exitCode([finding('pass')], 'fail')).toBe(0);
  expect(exitCode([finding('warn')], 'fail')).toBe(0);
  expect(exitCode([finding('warn')], 'warn')).toBe(1);
  expect(exitCode([finding('unknown'), finding('warn')], 'fail')).toBe(3);
  expect(exitCode([finding('unknown'), finding('warn')], 'warn')).toBe(1);
  expect(exitCode([finding('unknown'), finding('fail')], 'fail')).toBe(1);
});

test('findings of a check are sorted worst first, and the check has the status of the worst', async () => {
  const both = check('home:a', () => [ok, fail('b', '<x>', { evidence: [] }), fail('a', '<x>', { evidence: [] })]);
  const runs = await runChecks([both], host(), { checkMs: 1000, signal });
  const report = makeReport(runs, 'fail', { runId: 'x', startedAt: 'x', durationMs: 0, home: '/h' });
  expect(report.checks[0]?.findings.map(({ code }) => code)).toEqual(['a', 'b', 'ok']);
  expect(report.summary).toEqual({ pass: 0, warn: 0, fail: 1, unknown: 0, skipped: 0, suppressed: 0, known: 0 });
});
