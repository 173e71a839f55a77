import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { editLedger, makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';

test('two bundles of one home: what appeared, went away and changed, and which fields', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'running' }], events: 3 });
  const [before, after] = ['before.zip', 'after.tgz'].map((name) => join(scratch.path, name)) as [string, string];
  chmodSync(join(home, 'state.lock'), 0o644);
  expect((await cli(['bundle', '--home', home, '-o', before])).exitCode).toBe(0);
  chmodSync(join(home, 'state.lock'), 0o600);
  chmodSync(home, 0o777);
  editLedger(
    join(home, 'coven.sqlite3'),
    "INSERT INTO sessions SELECT 'b', project_root, harness, title, status, exit_code, archived_at, created_at, updated_at, conversation_id, labels, visibility, familiar_id, execution_binding_json, external, transcript_path, transcript_indexed_at FROM sessions",
  );
  expect((await cli(['bundle', '--home', home, '-o', after])).exitCode).toBe(0);

  const json = await cli(['diff', before, after, '--json']);
  expect({ exitCode: json.exitCode, stderr: json.stderr }).toEqual({ exitCode: 1, stderr: '' });
  const { appeared, wentAway, changed, observations } = JSON.parse(json.stdout);
  const named = (list: { check: string; code: string }[]) => list.map(({ check, code }) => `${check} ${code}`);
  expect(named(appeared)).toEqual(['home:mode writable-by-others']);
  expect(named(wentAway)).toEqual(['home:mode entry-open']);
  expect(named(changed.map(({ after }: { after: object }) => after))).toEqual(['sessions:orphaned orphaned']);
  expect(observations).toContainEqual({ observation: 'home', path: 'mode', before: 0o700, after: 0o777 });
  expect(observations).toContainEqual({
    observation: 'home.entries',
    path: 'list[name=state.lock].mode',
    before: 0o644,
    after: 0o600,
  });
  expect(observations).toContainEqual({
    observation: 'store.sessions',
    path: expect.stringMatching(/^open\[id=<id-\d+>\]\.status$/),
    after: 'running',
  });
  expect(observations.filter(({ path }: { path: string }) => path === 'now' || path === 'ms')).toEqual([]);

  const text = await cli(['diff', before, after]);
  expect(text.exitCode).toBe(1);
  expect(text.stdout).toMatch(/^Findings\n\+ fail home:mode writable-by-others: /);
  expect(text.stdout).toContain('\n~ home mode: 448 → 511\n');

  const same = await cli(['diff', before, before]);
  expect({ exitCode: same.exitCode, stdout: same.stdout }).toEqual({
    exitCode: 0,
    stdout: 'The findings are the same.\n\nEverything else that was seen is the same.\n',
  });
});
