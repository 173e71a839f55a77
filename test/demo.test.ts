import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { demoSvg, normalised } from '../fixtures/demo-svg.ts';
import { cli } from '../fixtures/diagnose.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { allPids, readEnviron } from '../src/host/procfs.ts';

const image = new URL('../fixtures/demo.svg', import.meta.url);

/** The lines of its frames, each once. */
function textOf(file: URL): string {
  const frames = readFileSync(file, 'utf8')
    .split('<g id')
    .slice(1)
    .map((frame) => [...frame.matchAll(/<text[^>]*>([^<]*)</g)].map(([, line = '']) => line));
  return frames.flatMap((lines) => lines.at(-1) ?? []).join('\n');
}

test('the image of the demo is small, and names nothing of the machine that it was recorded on', () => {
  const text = readFileSync(image, 'utf8');
  expect(statSync(image).size).toBeLessThan(200_000);
  expect(text).not.toMatch(/<script|href|\.coven-doctor-|\/(root|home|work)\//);
  const said = '== A & <b>\n\n$ coven-doctor plan\npid 77, pid 78, pid 77 in /tmp/x/.coven-doctor-1-2-3-f/home/a\n';
  const made = demoSvg(said);
  expect(made).toContain('== A &amp; &lt;b&gt;');
  expect(made).toContain('pid 4967, pid 4998, pid 4967 in /tmp/demo/a');
  expect(demoSvg(said)).toBe(made);
});

test('the demo kills, diagnoses, repairs, takes back and repairs again, and leaves nothing behind', async () => {
  await using scratch = await makeScratch();
  const { stdout, stderr, exitCode } = await cli(['demo'], { env: { TMPDIR: scratch.path } });
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toContain('daemon stale');
  expect(readdirSync(scratch.path)).toEqual([]);
  // The image of the README is a recording: it says every sentence and every command, in their order.
  const steps = (said: string): readonly string[] => said.split('\n').filter((line) => /^(==|\$) /.test(line));
  expect(steps(normalised(stdout)).join('\n')).toBe(steps(textOf(image)).join('\n'));
  const left = (allPids() ?? []).filter((pid) =>
    readEnviron(pid, ['COVEN_HOME'])?.COVEN_HOME?.startsWith(scratch.path),
  );
  expect(left).toEqual([]);
});
