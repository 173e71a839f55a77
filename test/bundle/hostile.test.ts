import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, naming } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { hostileHomes } from '../../fixtures/hostile.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { readBundle } from '../../src/bundle/read.ts';

interface Document {
  readonly exitCode: number;
  readonly checks: readonly { readonly id: string; readonly findings: readonly { readonly code: string }[] }[];
}

const said = (json: string): readonly string[] =>
  (JSON.parse(json) as Document).checks.flatMap(({ id, findings }) => findings.map(({ code }) => `${id} ${code}`));

for (const { name, make } of hostileHomes) {
  const why = name === 'closed to everybody' && process.geteuid?.() === 0 ? 'root can read it' : null;
  if (why !== null) console.log(`no bundle of a home ${name}: ${why}`);
  test.skipIf(why !== null)(
    `a home that makes it hard (${name}): a bundle all the same, analysed as live`,
    async () => {
      await using scratch = await makeScratch();
      const home = join(scratch.path, 'home');
      const out = join(scratch.path, 'out');
      mkdirSync(out);
      const end = await make(home, new AbortController().signal);
      if (end) scratch.onEnd(end);
      const { words, how } = naming(home, { cwd: out });
      const run = await cli([...words, '--bundle', '--json'], how);
      expect(run.exitCode).toBe((JSON.parse(run.stdout) as Document).exitCode);
      const [file = ''] = readdirSync(out);
      const { exitCode, stdout, stderr } = await cli(['analyze', join(out, file), '--json']);
      expect({ exitCode, stderr }).toEqual({ exitCode: run.exitCode, stderr: '' });
      expect(said(stdout)).toEqual(said(run.stdout));
    },
  );
}

test('no symlink of the home leads to what is read', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  const [elsewhere, out] = ['elsewhere', 'out'].map((name) => join(scratch.path, name)) as [string, string];
  const id = '20261124T221500Z-3f9a2c';
  for (const folder of [join(elsewhere, id), out]) mkdirSync(folder, { recursive: true });
  const text = '{"secret-of-another":"folder"}\n';
  writeFileSync(join(elsewhere, id, 'journal.jsonl'), text);
  writeFileSync(join(elsewhere, 'file'), text);
  mkdirSync(join(home, 'doctor'), { mode: 0o700 });
  symlinkSync(elsewhere, join(home, 'doctor', 'runs'));
  for (const name of ['keys', 'adapters', 'memory']) symlinkSync(elsewhere, join(home, name));
  for (const name of ['daemon-recovery.log.1', 'repos.toml', 'privacy.toml', 'daemon.json'])
    symlinkSync(join(elsewhere, 'file'), join(home, name));
  expect((await cli(['bundle', '--home', home, '-o', join(out, 'x.zip')])).exitCode).toBe(0);
  const members = await readBundle(join(out, 'x.zip'));
  expect([...members.keys()].filter((name) => /^(runs|log)\//.test(name))).toEqual(['log/daemon-recovery.log']);
  expect([...members.values()].filter((bytes) => bytes.includes('secret-of-another'))).toEqual([]);
});

test('who is called as what checks decide on changes no judgement', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'running' }] });
  const out = join(scratch.path, 'out');
  mkdirSync(out);
  for (const [index, user] of ['linux', 'state', 'codex', 'running', 'sessions'].entries()) {
    const env = { USER: user, HOME: `/home/${user}`, SOME_PASSWORD: ['directory', 'completed'][index % 2] ?? '' };
    const folder = join(out, user);
    mkdirSync(folder);
    const run = await cli(['--home', home, '--bundle', '--json'], { cwd: folder, env });
    expect(run.exitCode).toBe(0);
    const analysed = await cli(['analyze', join(folder, readdirSync(folder)[0] ?? ''), '--json']);
    expect(said(analysed.stdout)).toEqual(said(run.stdout));
  }
});
