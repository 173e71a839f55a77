import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { expect, test } from 'vitest';
import { makeHome } from '../../fixtures/home.ts';
import { makeScratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));

/** Runs `--fix` on a terminal and answers its question; tells how it ended and what was on the screen. */
function answered(
  home: string,
  answer: string,
  { ahead = '', cols = 120 } = {},
): Promise<{ readonly code: number; readonly screen: string }> {
  const terminal = spawn(process.execPath, [program, '--home', home, '--fix'], {
    cols,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm' },
  });
  terminal.write(ahead);
  let screen = '';
  let isAnswered = false;
  terminal.onData((data) => {
    screen += data;
    if (isAnswered || !screen.includes('[y/N]')) return;
    isAnswered = true;
    terminal.write(answer);
  });
  return new Promise((resolve) => terminal.onExit(({ exitCode }) => resolve({ code: exitCode, screen })));
}

test.each([
  ['y', 'y\r', 0],
  ['yes', 'yes\r', 0],
  ['n', 'n\r', 5],
  ['nothing', '\r', 5],
  ['something else', 'of course\r', 5],
  ['the end of the input', '\x04', 5],
  ['Ctrl-C', '\x03', 130],
])('a plan that is answered with %s', async (_, answer, code) => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  const before = snapshot(home);
  const ended = await answered(home, answer);
  expect(ended.screen).toContain('move');
  expect(ended.code, ended.screen).toBe(code);
  if (code === 0) expect(ended.screen).toContain('fixed: daemon:record invalid');
  else expect(snapshot(home)).toEqual(before);
});

test('what is typed before the question is to be seen answers nothing', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  const before = snapshot(home);
  const ended = await answered(home, 'n\r', { ahead: 'y\ry\r' });
  expect(ended.code, ended.screen).toBe(5);
  expect(snapshot(home)).toEqual(before);
});

test('a plan is wrapped to a narrow terminal, but for the command to type', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  const { screen } = await answered(home, 'n\r', { cols: 50 });
  const lines = screen.slice(screen.indexOf('Plan for')).split('\r\n');
  expect(lines).toContain(`  coven-doctor --fix --home ${home}`);
  const long = lines.filter((line) => line.length > 50 && !line.includes(home));
  expect(long).toEqual([]);
});
