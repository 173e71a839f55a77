import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checks } from '../../checks/index.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { makeArchive } from '../../src/bundle/archive.ts';
import { manifestOf } from '../../src/bundle/manifest.ts';
import type { Member } from '../../src/bundle/part.ts';
import { readBundle } from '../../src/bundle/read.ts';
import { deadline } from '../../src/deadline.ts';
import { recordedHost } from '../../src/host/recorded.ts';
import { observationKeys } from '../../src/host/schemas.ts';
import { runChecks } from '../../src/run/runner.ts';

const taken = (key: string, value: unknown) => ({ key, at: '2026-11-25T08:00:00.000Z', ms: 1, ok: true, value });
const options = { checkMs: 60_000, signal: deadline(300_000).signal };

interface Recorded {
  observations: { key: string; ok: boolean; value: Record<string, unknown> }[];
}

/** A bundle of a home with an open session, and what it recorded. */
async function recorded(
  scratch: Scratch,
): Promise<{ file: string; members: Map<string, Buffer>; recording: Recorded }> {
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'running' }], events: 3 });
  const file = join(scratch.path, 'x.zip');
  expect((await cli(['bundle', '--home', home, '-o', file])).exitCode).toBe(0);
  const members = new Map(await readBundle(file));
  return { file, members, recording: JSON.parse(String(members.get('observations.json'))) };
}

/** Packs members again, with a manifest that agrees with them. */
async function repack(file: string, members: ReadonlyMap<string, Buffer>): Promise<void> {
  const list = [...members]
    .map(([name, bytes]): Member => ({ name, bytes }))
    .filter(({ name }) => name !== 'manifest.json');
  const made = {
    tool: { name: 'coven-doctor', version: '0.1.0' },
    createdAt: '2026-11-25T08:00:00.000Z',
    cut: [],
    leftOut: [],
  };
  writeFileSync(file, await makeArchive([...list, manifestOf(list, made)], 'zip'));
}

test('an analysis has every format, option and exit code of a diagnosis, and writes nothing but what is asked for', async () => {
  await using scratch = await makeScratch();
  const { file, members } = await recorded(scratch);
  const elsewhere = join(scratch.path, 'elsewhere');
  mkdirSync(elsewhere);
  const run = (...args: readonly string[]) => cli(['analyze', file, ...args], { cwd: elsewhere });
  const packed = JSON.parse(String(members.get('report.json')));
  const again = JSON.parse((await run('--json')).stdout);
  const still = (document: typeof packed) => ({
    ...document,
    checks: document.checks.map((check: object) => ({ ...check, durationMs: 0 })),
  });
  expect(still(again)).toEqual(still(packed));
  expect((await run()).stdout).toMatch(/^Coven home: <coven-home>\nSeen at 20\S+ on another machine/);
  expect((await run('--fail-on', 'warn')).exitCode).toBe(1);
  expect((await run('--only', 'store:open', '--fail-on', 'warn')).exitCode).toBe(0);
  for (const format of ['jsonl', 'junit', 'sarif', 'github', 'markdown', 'prometheus']) {
    const { exitCode, stdout, stderr } = await run('--format', format);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).not.toBe('');
  }
  expect(readdirSync(elsewhere)).toEqual([]);
  expect((await run('--output', 'json=report.json')).exitCode).toBe(0);
  expect(JSON.parse(readFileSync(join(elsewhere, 'report.json'), 'utf8')).run).toEqual(packed.run);
});

test('what a bundle does not hold, or holds in another shape, could not be determined', async () => {
  await using scratch = await makeScratch();
  const { file, members, recording } = await recorded(scratch);
  const observations = recording.observations
    .filter(({ key }) => key !== 'home.disk')
    .map((seen) => (seen.key === 'home.filesystem' ? { ...seen, value: { ...seen.value, readOnly: 'no' } } : seen));
  await repack(file, members.set('observations.json', Buffer.from(JSON.stringify({ ...recording, observations }))));
  const { exitCode, stdout } = await cli(['analyze', file, '--json', '--only', 'home']);
  expect(exitCode).toBe(3);
  const { checks } = JSON.parse(stdout) as {
    checks: { id: string; findings: { code: string; evidence: { value: string }[] }[] }[];
  };
  const unknown = checks.flatMap(({ id, findings }) =>
    findings.flatMap(({ code, evidence }) => (code === 'unobserved' ? `${id} ${evidence[0]?.value}` : [])),
  );
  expect(unknown.sort()).toEqual(['home:disk not-recorded', 'home:filesystem recorded-invalid']);
});

test.each([
  ['no recording', null],
  ['no JSON', '{'],
  ['another document', '{"schema":"coven-doctor.observations/2"}'],
  ['no list', '{"schema":"coven-doctor.observations/1","run":{"runId":"a","startedAt":"x","durationMs":1}}'],
])('a bundle with %s is refused', async (_what, text) => {
  await using scratch = await makeScratch();
  const { file, members } = await recorded(scratch);
  members.delete('observations.json');
  if (text !== null) members.set('observations.json', Buffer.from(text));
  await repack(file, members);
  const { exitCode, stdout, stderr } = await cli(['analyze', file, '--json']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^coven-doctor: .*x\.zip cannot be analysed: .+\n$/);
});

test('a bundle that is not what it says of itself is refused', async () => {
  await using scratch = await makeScratch();
  const { file, members } = await recorded(scratch);
  const list = [...members].map(([name, bytes]): Member => ({ name, bytes }));
  const changed = list.map((member) =>
    member.name === 'report.txt' ? { ...member, bytes: Buffer.from('Nothing.') } : member,
  );
  writeFileSync(file, await makeArchive(changed, 'zip'));
  for (const args of [
    ['analyze', file],
    ['diff', file, file],
    ['bundle', 'verify', file],
  ]) {
    const { exitCode, stdout } = await cli(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  }
});

test('two of one key are none', async () => {
  const disk = { freeBytes: 1, totalBytes: 2, freeInodes: 3, totalInodes: 4 };
  const look = (...observations: unknown[]) => recordedHost(observations).observe('home.disk');
  expect(await look(taken('home.disk', disk))).toMatchObject({ ok: true, value: disk });
  expect(await look(taken('home.disk', disk), taken('home.disk', disk))).toMatchObject({
    ok: false,
    error: { code: 'recorded-invalid' },
  });
  expect(await look(taken('home.disk', { ...disk, freeBytes: '1' }))).toMatchObject({
    error: { code: 'recorded-invalid' },
  });
  expect(await look(null, 7, { key: 'home.disks' })).toMatchObject({ error: { code: 'not-recorded' } });
});

test('whatever is recorded, no check fails by itself and none that lacks what it needs passes', async () => {
  await using scratch = await makeScratch();
  const { recording } = await recorded(scratch);
  /** One field of what was recorded, anywhere, becomes anything. */
  const spoiled = (value: unknown, path: readonly number[], by: unknown): unknown => {
    const [at, ...rest] = path;
    if (at === undefined || value === null || typeof value !== 'object') return by;
    const keys = Object.keys(value);
    const key = keys[at % keys.length];
    if (key === undefined) return by;
    const inner = spoiled((value as Record<string, unknown>)[key], rest, by);
    return Array.isArray(value) ? value.with(Number(key), inner) : { ...value, [key]: inner };
  };
  const any = fc.oneof(fc.jsonValue(), fc.constantFrom(1e308, -1, 2 ** 53, '', '\u202e', '__proto__', '9'.repeat(400)));
  const observations = recording.observations;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(observations.length - 1),
      fc.array(fc.nat(30), { maxLength: 5 }),
      any,
      async (index, path, by) => {
        const changed = observations.map((seen, at) =>
          at === index ? { ...seen, value: spoiled(seen.value, path, by) } : seen,
        );
        const runs = await runChecks(checks, recordedHost(changed), options);
        expect(
          runs.flatMap(({ check, findings }) =>
            findings.filter(({ code }) => code === 'threw').map(({ facts }) => [check.id, facts]),
          ),
        ).toEqual([]);
      },
    ),
    { numRuns: 300, seed: Number(process.env.COVEN_DOCTOR_SEED ?? 1) },
  );
  const nothing = await runChecks(checks, recordedHost(observationKeys.map((key) => taken(key, null))), options);
  expect(
    nothing.flatMap(({ findings }) => findings.map(({ status }) => status)).filter((status) => status !== 'unknown'),
  ).toEqual([]);
});
