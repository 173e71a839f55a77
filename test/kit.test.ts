import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checks } from '../checks/index.ts';
import { postflightChecks, preflightChecks, upgradeChecks } from '../checks/upgrades.ts';
import { cli } from '../fixtures/diagnose.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { savedState } from '../fixtures/upgrade-state.ts';
import { type Check, fail, from, pass, type Seen } from '../src/model/check.ts';
import { rules, tryCheck } from '../src/plugins/kit/rules.ts';
import { type Stage, stageHomes } from '../src/plugins/kit/staged-home.ts';

const { signal } = new AbortController();
let stage: Stage;
/** Many homes and daemons; no test is about time. */
const patient = 300_000;
beforeAll(async () => {
  stage = await stageHomes(signal);
}, patient);
afterAll(() => stage[Symbol.asyncDispose]());

test('every hostile home is made, but one that root can read', () => {
  const missing = process.geteuid?.() === 0 ? ['closed to everybody'] : [];
  expect(stage.missing.map(({ name }) => name)).toEqual(missing);
});

const upgrades = [...preflightChecks(savedState.requirements), ...postflightChecks(savedState)].filter(
  ({ category }) => category === 'upgrade',
);

test.each([...checks, ...upgrades, ...upgradeChecks].map((check) => [check.id, check] as const))(
  '%s passes the kit',
  async (_, check) => {
    const { tried, wrong } = await tryCheck({ check, confined: check }, stage, signal);
    expect(wrong).toEqual([]);
    for (const rule of rules) expect(tried[rule]).toBeGreaterThanOrEqual(stage.homes.length);
  },
);

describe('the kit fails a check that', () => {
  const all = ['machine', 'home', 'home.entries', 'store.sessions'] as const;
  type All = Seen<(typeof all)[number]>;
  let count = 0;
  const evidence = (seen: All) => from('home', { kind: seen.home.kind });
  const words = { ok: { message: 'ok' }, bad: { message: 'bad {what}' } };

  test.each<[string, string, (seen: All) => readonly object[]]>([
    ['throws', 'answers', () => expect.fail('boom')],
    ['says nothing', 'answers', () => []],
    ['has no evidence', 'answers', () => [pass('<x>', { evidence: [] })]],
    ['rests on what it did not ask for', 'answers', () => [pass('<x>', { evidence: from('install', { a: 1 }) })]],
    ['names no cause of its own', 'answers', (seen) => [fail('other', '<x>', { evidence: evidence(seen) })]],
    ['lacks a fact of its words', 'answers', (seen) => [fail('bad', '<x>', { evidence: evidence(seen) })]],
    ['names a path as its target', 'answers', (seen) => [pass('/etc', { evidence: evidence(seen) })]],
    [
      'changes what it is given',
      'answers',
      (seen) => [
        pass('<x>', { evidence: evidence(Object.assign(seen, { home: Object.assign(seen.home, { kind: 1 }) })) }),
      ],
    ],
    [
      'counts how often it is asked',
      'same',
      (seen) => {
        count += 1;
        return [pass('<x>', { facts: { count }, evidence: evidence(seen) })];
      },
    ],
    [
      'takes the first entry for all',
      'order',
      ({ 'home.entries': { list } }) => {
        const first = { evidence: from('home.entries', { first: list[0]?.name ?? null }) };
        return [
          list[0]?.name.startsWith('a') ? fail('bad', '<x>', { ...first, facts: { what: 1 } }) : pass('<x>', first),
        ];
      },
    ],
    [
      'takes what it could not read for nothing',
      'blind',
      ({ 'store.sessions': { open } }) => [pass('<x>', { evidence: from('store.sessions', { open: open.length }) })],
    ],
    [
      'takes a folder that could not be read for an empty one',
      'blind',
      ({ 'home.entries': { list } }) => [pass('<x>', { evidence: from('home.entries', { count: list.length }) })],
    ],
    [
      'tells the path of the home',
      'quiet',
      (seen) => [pass('<x>', { facts: { path: seen.home.path }, evidence: evidence(seen) })],
    ],
    [
      'reads the home by itself',
      'quiet',
      (seen) => {
        const path = join(seen.home.path, 'notes.txt');
        const notes = seen['home.entries'].list.some(({ name }) => name === 'notes.txt')
          ? readFileSync(path, 'utf8')
          : '';
        return [pass('<x>', { facts: { notes }, evidence: evidence(seen) })];
      },
    ],
    [
      'writes to the home',
      'changes',
      (seen) => {
        const path = join(seen.home.path, 'repos.txt');
        if (seen.home.kind === 'directory') appendFileSync(path, '');
        return [pass('<x>', { evidence: evidence(seen) })];
      },
    ],
  ])('%s', async (_, rule, judge) => {
    const check: Check = {
      id: 'acme:it',
      category: 'custom',
      needs: all,
      module: 'acme.mjs',
      title: 'It',
      explain: 'It',
      causes: words,
      judge: (seen) => judge(seen) as never,
    };
    const { wrong } = await tryCheck({ check, confined: check }, stage, signal);
    expect([...new Set(wrong.map((fault) => fault.rule))]).toContain(rule);
  });
});

test(
  'check-kit ends with 1 and a table where a check of a module fails, and ends one that hangs',
  async () => {
    await using scratch = await makeScratch();
    const module = join(scratch.path, 'acme.mjs');
    writeFileSync(
      module,
      `import { appendFileSync } from 'node:fs';
     import { from, pass } from 'coven-doctor';
     const same = { title: 'It', explain: 'It', causes: { ok: { message: 'ok' } }, needs: ['home'] };
     const ok = ({ home }) => [pass('<coven-home>', { evidence: from('home', { kind: home.kind }) })];
     export const hangs = { ...same, id: 'acme:hangs', judge: () => { for (;;); } };
     export const good = { ...same, id: 'acme:good', judge: ok };
     export const writes = { ...same, id: 'acme:writes', judge: (seen) => {
       if (seen.home.kind === 'directory') appendFileSync(seen.home.path + '/log', 'x');
       return ok(seen);
     } };`,
    );
    const { stdout, exitCode } = await cli(['check-kit', module]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('2 checks fail: acme:hangs, acme:writes.');
    expect(stdout).toContain('a home: sound: the check did not finish within 2000 ms');
    expect(stdout).toContain('a home: sound: the home is not as it was');
  },
  patient,
);
