import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratch } from '../fixtures/scratch.ts';
import { askGit } from '../src/host/ask-git.ts';
import { askSystem } from '../src/host/ask-system.ts';

const signal = new AbortController().signal;
const patient = { stream: 'stdout', bytes: 100, milliseconds: 600_000, signal } as const;

test('of what a program says, no more is kept than was asked for, and it runs to its end', async () => {
  const { how, said, isWhole } = await askSystem('seq', ['1000000'], patient);
  expect([how, said.length, isWhole]).toEqual([0, 100, false]);
  expect(await askSystem('echo', ['short'], patient)).toEqual({ how: 0, said: 'short\n', isWhole: true });
});

test('what a repository makes git say is kept in part, and told from by its first line', async () => {
  await using scratch = await makeScratch();
  const repository = join(scratch.path, 'repository');
  spawnSync('/usr/bin/git', ['init', '-q', repository]);
  const config = join(repository, '.git/config');
  appendFileSync(config, `[core]\n\trepositoryformatversion = 1\n[extensions]\n`);
  for (let n = 0; n < 2000; n += 1) appendFileSync(config, `\t${`x${n}`.padEnd(100, 'y')} = 1\n`);
  const words = ['-C', repository, 'rev-parse', '--git-common-dir'];
  const { how, said, isWhole } = await askSystem('git', words, { ...patient, stream: 'stderr', bytes: 1000 });
  expect([how, said.length, isWhole]).toEqual([128, 1000, false]);
  expect(await askGit(repository, {}, signal)).toEqual({ is: 'refuses', reason: 'format' });
});

test('a program whose pipe another one keeps open does not keep us', async () => {
  const { how, said, isWhole } = await askSystem('sh', ['-c', 'sleep 1000 & echo $!'], {
    ...patient,
    milliseconds: 2000,
  });
  process.kill(Number(said), 'SIGKILL');
  expect([how, isWhole]).toEqual(['overran', false]);
});

test('one that is not there, or that is asked when the time is over, was not heard', async () => {
  expect(await askSystem('no-such-program', [], patient)).toEqual({ how: 'not-started', said: '', isWhole: true });
  const { how } = await askSystem('sleep', ['1000'], { ...patient, signal: AbortSignal.abort() });
  expect(how).toBe('overran');
});
