import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leaksIn } from '../../fixtures/bundle/leaks.ts';
import { cli } from '../../fixtures/diagnose.ts';
import { findRealCoven, makeWorld } from '../../fixtures/real-coven.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';
import { readBundle } from '../../src/bundle/read.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no bundle of a home of the real Coven: ${real.why}`);
/** Put together, so that no token stands in this file. */
const secret = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_');

test.skipIf('why' in real)('a bundle beside a live daemon of the real Coven, with a session that runs', async () => {
  await using scratch = await makeScratch();
  const env = { GITHUB_TOKEN: secret, FAKE_NOTE: `--token ${secret}` };
  const { home, serve, launch } = makeWorld(scratch, 'path' in real ? real.path : '', { env });
  await serve();
  const session = await launch();
  const out = join(scratch.path, 'out');
  mkdirSync(out);
  const pack = () =>
    cli(['--home', home, '--bundle', '--json'], { cwd: out, env: { PATH: `${scratch.path}/bin:/usr/bin` } });
  const before = snapshot(home, { daemonLives: true, daemonWrites: true }).map((line) => line.split(' ', 2).join(' '));
  const run = await pack();
  expect(run.exitCode).toBe(0);
  expect(snapshot(home, { daemonLives: true, daemonWrites: true }).map((line) => line.split(' ', 2).join(' '))).toEqual(
    before,
  );
  const file = join(out, readdirSync(out)[0] ?? '');
  const members = await readBundle(file);
  const text = (name: string): string => String(members.get(name));

  const answers = JSON.parse(text('daemon.json'));
  expect(Object.keys(answers)).toEqual(['/api/v1/health', '/api/v1/capabilities', '/api/v1/api-version']);
  expect(answers['/api/v1/health']).toMatchObject({
    end: 'json',
    status: 200,
    body: { apiVersion: 'coven.daemon.v1' },
  });
  const { list } = JSON.parse(text('sessions.json'));
  expect(list).toMatchObject([
    {
      id: expect.stringMatching(/^<id-\d+>$/),
      status: 'running',
      title: '<title-1> of 1 characters',
      project_root: '<project-1>',
    },
  ]);
  expect(list[0].events.kinds.output).toBeGreaterThan(0);
  expect(
    [...members].flatMap(([name, bytes]) =>
      leaksIn(name, bytes, [secret, session, home, join(scratch.path, 'project')]),
    ),
  ).toEqual([]);

  const analysed = await cli(['analyze', file, '--json']);
  const kept = (json: string) =>
    JSON.parse(json).checks.map(
      ({ id, status, findings }: { id: string; status: string; findings: { code: string }[] }) => [
        id,
        status,
        findings.map(({ code }) => code),
      ],
    );
  expect(kept(analysed.stdout)).toEqual(kept(run.stdout));
});
