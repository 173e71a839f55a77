import { expect, test } from 'vitest';
import { checks } from '../checks/index.ts';
import { healthy, stopped } from '../fixtures/seen.ts';
import { makeShown } from '../src/disclosure/shown.ts';
import type { Host } from '../src/host/host.ts';
import type { Check } from '../src/model/check.ts';
import type { Observations } from '../src/model/observation.ts';
import { judgeOn } from '../src/run/judge.ts';
import { makeReport } from '../src/run/report.ts';

const secret = 'sk-ant-api03-Zm9vYmFyYmF6cXV4';
const run = { runId: 'a', startedAt: '2026-11-24T10:00:00.000Z', durationMs: 1, home: '/h' };

/** A host that saw this, and counts what is asked of it. */
function hostOf(seen: Observations): { readonly host: Host; readonly asked: string[] } {
  const asked: string[] = [];
  const observe = async (key: keyof Observations) => {
    asked.push(key);
    return { key, ok: true, at: run.startedAt, ms: 1, value: seen[key] };
  };
  return { host: { observe, close: async () => undefined } as unknown as Host, asked };
}

const judged = (host: Host, all: readonly Check[] = checks) =>
  judgeOn(host, all, { checkMs: 20_000, signal: new AbortController().signal });

/** With a secret in every text of a finding. */
const poisoned = (runs: Awaited<ReturnType<typeof judged>>) =>
  runs.map((one) => ({
    ...one,
    findings: one.findings.map((found) => ({
      ...found,
      target: `<path>/${secret}`,
      facts: { ...found.facts, said: secret },
      evidence: [{ observation: 'home' as const, field: secret, value: secret }],
    })),
  }));

test('where a report counts what passed and shows faults alone, no text of a pass is in it, and none is looked at again', async () => {
  const { host, asked } = hostOf(healthy);
  const runs = poisoned(await judged(host));
  asked.length = 0;
  const told = await makeShown(host, checks, 'operator', 'faults').runs(runs);
  expect(JSON.stringify(told)).not.toContain(secret);
  expect(asked).toEqual([]);
});

test('faults pass the gate as they do in a report of everything', async () => {
  const { host } = hostOf(stopped);
  const runs = poisoned(await judged(host));
  const [few, all] = await Promise.all(
    (['faults', 'everything'] as const).map((shows) => makeShown(host, checks, 'operator', shows).runs(runs)),
  );
  const faults = (list: typeof few) =>
    (list ?? []).filter(({ findings }) => findings.some(({ status }) => status !== 'pass' && status !== 'skipped'));
  expect(faults(few).length).toBeGreaterThan(0);
  expect(faults(few).map(({ findings }) => findings)).toEqual(faults(all).map(({ findings }) => findings));
  expect(JSON.stringify(few)).not.toContain(secret);
});

test('a report comes to the same by either', async () => {
  for (const seen of [healthy, stopped]) {
    const { host } = hostOf(seen);
    const runs = await judged(host);
    const [few, all] = await Promise.all(
      (['faults', 'everything'] as const).map(async (shows) =>
        makeReport(await makeShown(host, checks, 'operator', shows).runs(runs), 'fail', run),
      ),
    );
    for (const name of ['summary', 'exitCode', 'complete', 'escalate'] as const)
      expect(few?.[name]).toEqual(all?.[name]);
  }
});
