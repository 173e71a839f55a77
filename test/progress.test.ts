import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { expect, test } from 'vitest';
import { faults } from '../fixtures/faults/index.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { stageFault } from '../fixtures/staged.ts';
import { longBytes, longLine, showLongWork } from '../src/render/long-work.ts';
import { areasOf } from '../src/render/progress.ts';

const program = fileURLToPath(new URL('../dist/coven-doctor.js', import.meta.url));

/** What a terminal shows of an output: its lines, as far as progress moves the cursor. */
function screenOf(output: string): {
  readonly lines: readonly string[];
  readonly widest: number;
  readonly isCursorShown: boolean;
} {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  let widest = 0;
  let isCursorShown = true;
  for (const [token, parameters = '', final = ''] of output.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+/g)) {
    const number = Number(parameters) || 1;
    if (token === '\r') column = 0;
    else if (token === '\n') {
      row += 1;
      lines[row] ??= '';
    } else if (final === 'A') row = Math.max(0, row - number);
    else if (final === 'B') row += number;
    else if (final === 'G') column = number - 1;
    else if (final === 'K') lines[row] = parameters === '2' ? '' : (lines[row] ?? '').slice(0, column);
    else if (final === 'J') lines.splice(row, lines.length, (lines[row] ?? '').slice(0, column));
    else if (final === 'l' && parameters === '?25') isCursorShown = false;
    else if (final === 'h' && parameters === '?25') isCursorShown = true;
    else if (final === '') {
      const line = (lines[row] ?? '').padEnd(column);
      lines[row] = line.slice(0, column) + token + line.slice(column + token.length);
      column += token.length;
      widest = Math.max(widest, column);
    }
  }
  return { lines, widest, isCursorShown };
}

test('areas, and what belongs to each; a screen has room for them however many there are', () => {
  expect(areasOf(['home:path', 'daemon', 'daemon:socket', 'harnesses', 'harness:codex', 'home:disk'])).toEqual([
    { title: 'home', parts: ['home:path', 'home:disk'] },
    { title: 'daemon', parts: ['daemon', 'daemon:socket'] },
    { title: 'harness', parts: ['harnesses', 'harness:codex'] },
  ]);
  const many = areasOf(Array.from({ length: 300 }, (_, index) => `plugin-${index}:check`));
  expect([many.length, many.flatMap(({ parts }) => parts).length]).toEqual([20, 300]);
});

test('a diagnosis that takes its time shows areas within 80 columns and 24 lines, and Ctrl-C leaves a clean screen', async () => {
  const fault = faults.find(({ name }) => name === 'daemon-silent');
  if (!fault) throw new TypeError('no such fault');
  await using staged = await stageFault(fault);
  const terminal = spawn(process.execPath, [program, '--home', staged.home], {
    cols: 80,
    rows: 24,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm' },
  });
  let output = '';
  let seen = '';
  terminal.onData((data) => {
    output += data;
    // Some checks are done, and those that wait for the daemon are not.
    if (
      seen !== '' ||
      !/daemon: [1-9]\d* of \d+ checks/.test(output) ||
      !/home: \d+ checks.* \(\d+\.\d s\)/.test(output) ||
      !/store: \d/.test(output)
    )
      return;
    seen = output;
    terminal.write('\x03');
  });
  const exitCode = await new Promise((resolve) => terminal.onExit((end) => resolve(end.exitCode)));
  const shown = screenOf(seen);
  expect([shown.lines.length <= 24, shown.widest <= 80]).toEqual([true, true]);
  expect(exitCode).toBe(130);
  const left = screenOf(output);
  expect(left.lines.map((line) => line.replace('^C', '').trim()).filter(Boolean)).toEqual([]);
  expect(left.isCursorShown).toBe(true);
});

test.each([
  [
    { title: 'Copying the home', unit: 'bytes', of: 480 * 2 ** 20 },
    120 * 2 ** 20,
    2000,
    'Copying the home: 120 MiB of 480 MiB, 60 MiB/s, 6 s left',
  ],
  [
    { title: 'Copying the home', unit: 'bytes', of: 2 ** 40 },
    2 ** 30,
    1000,
    'Copying the home: 1 GiB of 1 TiB, 1 GiB/s, 17 min 3 s left',
  ],
  [{ title: 'Copying the home', unit: 'bytes', of: 480 }, 0, 100, 'Copying the home: 0 bytes of 480 bytes'],
  [
    { title: 'Copying the home', unit: 'bytes', of: 480 },
    500,
    1000,
    'Copying the home: 480 bytes of 480 bytes, 480 bytes/s',
  ],
  [
    { title: 'Writing rows', unit: 'rows', of: 4000 },
    1000,
    2000,
    'Writing rows: 1,000 of 4,000 rows, 500 rows/s, 6 s left',
  ],
  [{ title: 'Building indexes', unit: null, of: 1 }, 0, 4200, 'Building indexes, 5 s'],
] as const)('%o after %d in %d ms', (step, done, ms, said) => {
  expect(longLine(step, done, ms)).toBe(said);
});

test('off a terminal, a line at the begin and the end of what is large, and none where a program reads the answer', () => {
  const written = (isQuiet: boolean): string => {
    let text = '';
    const stream = { isTTY: false, write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
    const work = showLongWork(stream, {}, isQuiet);
    work.begin({ title: 'Copying the home', unit: 'bytes', of: longBytes - 1 });
    work.begin({ title: 'Proving the backup', unit: 'bytes', of: longBytes });
    work.end();
    work.end();
    return text.replace(/\d+ s/, 'N s');
  };
  expect(written(false)).toBe('Proving the backup: 64 MiB\nProving the backup: done in N s\n');
  expect(written(true)).toBe('');
});

test('a backup on a terminal tells bytes in one line, which is gone at its end', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  writeFileSync(join(home, 'large'), randomBytes(48 * 2 ** 20));
  const terminal = spawn(process.execPath, [program, 'backup', 'create', '--home', home], {
    cols: 80,
    rows: 24,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm' },
  });
  let output = '';
  terminal.onData((data) => {
    output += data;
  });
  expect(await new Promise((resolve) => terminal.onExit((end) => resolve(end.exitCode))), output).toBe(0);
  expect(output).toMatch(/Copying the home: .* of 48\.?\d* MiB/);
  expect(output).toMatch(/Proving the backup: .* of 48\.?\d* MiB/);
  expect(screenOf(output).lines.join('\n')).not.toMatch(/Copying|Proving/);
  const drawn = output.split('\r\u001b[K').slice(1, -1);
  expect(drawn.filter((line) => line.length > 79)).toEqual([]);
});
