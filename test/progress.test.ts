import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli } from '../fixtures/diagnose.ts';
import { faults } from '../fixtures/faults/index.ts';
import { holdAfter } from '../fixtures/held.ts';
import { makeHome } from '../fixtures/home.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { canBeSlowed, endlessly, slowly, steadily } from '../fixtures/slowed.ts';
import { snapshot } from '../fixtures/snapshot.ts';
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

/**
 * Runs the program on a terminal; what it wrote, and how it ended. `answer` may write to it at any time. Its shell stays until
 * the end of the output is here: a terminal whose last process is gone may lose what nobody has read yet.
 */
async function onTerminal(
  words: readonly string[],
  answer: (output: string, write: (text: string) => void) => void = () => undefined,
  {
    cwd = '/',
    through = [],
    env = {},
  }: {
    readonly cwd?: string;
    readonly through?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<{ readonly output: string; readonly exitCode: number }> {
  const kept = 'trap : INT; "$@"; printf "\\nended %d\\n" $?; read _';
  const terminal = spawn('/bin/sh', ['-c', kept, 'sh', ...through, process.execPath, program, ...words], {
    cols: 80,
    rows: 24,
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm', ...env },
  });
  let output = '';
  let ended: RegExpExecArray | null = null;
  terminal.onData((data) => {
    output += data;
    ended ??= /\r?\nended (\d+)\r?\n/.exec(output);
    if (ended) terminal.write('\r');
    else answer(output, (text) => terminal.write(text));
  });
  await new Promise<void>((resolve) => terminal.onExit(() => resolve()));
  const end = /\r?\nended (\d+)\r?\n/.exec(output);
  return { output: output.slice(0, end?.index ?? output.length), exitCode: Number(end?.[1] ?? -1) };
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
  let seen = '';
  const { output, exitCode } = await onTerminal(['--home', staged.home], (written, write) => {
    // Some checks are done, and those that wait for the daemon are not.
    if (
      seen !== '' ||
      !/daemon: [1-9]\d* of \d+ checks/.test(written) ||
      !/home: \d+ checks.* \(\d+\.\d s\)/.test(written) ||
      !/store: \d/.test(written)
    )
      return;
    seen = written;
    write('\x03');
  });
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
    work.begin({ title: 'Checking the ledger', unit: null, of: 1, size: 2 * longBytes });
    work.end();
    work.end();
    return text.replaceAll(/\d+ s/g, 'N s');
  };
  expect(written(false)).toBe(
    'Proving the backup: 64 MiB\nProving the backup: done in N s\nChecking the ledger: 128 MiB\nChecking the ledger: done in N s\n',
  );
  expect(written(true)).toBe('');
});

test('a backup on a terminal tells bytes in one line, which is gone at its end', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'));
  writeFileSync(join(home, 'large'), randomBytes(48 * 2 ** 20));
  const { output, exitCode } = await onTerminal(['backup', 'create', '--home', home]);
  expect(exitCode, output).toBe(0);
  expect(output).toMatch(/Copying the home: .* of 48\.?\d* MiB/);
  expect(output).toMatch(/Proving the backup: .* of 48\.?\d* MiB/);
  expect(screenOf(output).lines.join('\n')).not.toMatch(/Copying|Proving/);
  const drawn = output.split('\r\u001b[K').slice(1, -1);
  expect(drawn.filter((line) => line.length > 79)).toEqual([]);
});

/** A ledger of 100 MB of events. */
function makeLarge(path: string): string {
  const home = makeHome(path);
  const db = new Database(join(home, 'coven.sqlite3'));
  db.exec(
    "INSERT INTO sessions (id, project_root, harness, title, status, created_at, updated_at) VALUES ('s', '/', 'codex', 't', 'completed', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')",
  );
  db.exec(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO events (id, session_id, kind, payload_json, created_at) SELECT 'e' || i, 's', 'output', '{\"data\":\"' || hex(zeroblob(20000)) || '\"}', '2026-01-01T00:00:00Z' FROM n",
  );
  db.close();
  return home;
}

if (!canBeSlowed) console.log('no progress of slow work: strace is not installed, or may not trace here');

const deepTitles = /store: (?:reading the ledger|checking the ledger|reading its rows)/;

describe('a ledger that takes its time', () => {
  let scratch: Scratch;
  let home = '';
  beforeAll(async () => {
    scratch = await makeScratch();
    home = makeLarge(join(scratch.path, 'home'));
    // Something that --fix repairs.
    writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
  });
  afterAll(() => scratch[Symbol.asyncDispose]());

  test.skipIf(!canBeSlowed)(
    'read whole on a terminal: its area says what it is at, with bytes, and leaves no trace',
    async () => {
      const { output } = await onTerminal(['--deep', '--home', home], undefined, { through: steadily('pread64') });
      const told = (title: string): readonly string[] =>
        output.match(new RegExp(`store: ${title}: .+? of 9.+?\\r`, 'g')) ?? [];
      // Most of each event is on overflow pages, of which the page map reads four bytes each.
      for (const title of ['reading the ledger', 'reading its rows'])
        expect(told(title).at(-1), output).toMatch(/: (?:8\d|9\d)(?:\.\d)? MiB of 9\d\.\d MiB/);
      expect(screenOf(output).lines.join('\n')).not.toMatch(deepTitles);
      expect(screenOf(output).isCursorShown).toBe(true);
    },
  );

  test.skipIf(!canBeSlowed)('Ctrl-C in the middle of that leaves a clean screen', async () => {
    let isAsked = false;
    const pressed = (seen: string, write: (text: string) => void): void => {
      if (isAsked || !deepTitles.test(seen)) return;
      isAsked = true;
      write('\x03');
    };
    const { output, exitCode } = await onTerminal(['--deep', '--home', home], pressed, {
      through: endlessly('pread64'),
    });
    expect(exitCode, output).toBe(130);
    const left = screenOf(output);
    expect(left.lines.map((line) => line.replace('^C', '').trim()).filter(Boolean)).toEqual([]);
    expect(left.isCursorShown).toBe(true);
  });

  test.each([
    [
      'says so at its begin and its end on stderr',
      [],
      /^Reading the ledger: 9\d\.\d MiB\nReading the ledger: done in \d+ s\n/,
    ],
    ['says nothing with --quiet', ['--quiet'], /^$/],
    ['says nothing where a program reads the answer', ['--json'], /^$/],
  ])('read whole off a terminal %s', async (_, words, said) => {
    const { stderr } = await cli(['--deep', ...words, '--home', home]);
    expect(stderr).toMatch(said);
  });

  test.skipIf(!canBeSlowed)(
    'a repair shows what it checks and what it copies, and leaves its own lines alone',
    async () => {
      const { output, exitCode } = await onTerminal(['--fix', '--yes', '--home', home], undefined, {
        through: slowly('pread64'),
      });
      expect(exitCode, output).toBe(0);
      expect(output).toMatch(/home: \d+ (?:of|checks)/);
      expect(output).toMatch(/Copying the home: .* of 9\d\.\d MiB/);
      expect(output).toMatch(/Proving the backup: .* of 9\d\.\d MiB/);
      const left = screenOf(output);
      expect(left.lines.join('\n')).not.toMatch(/Copying the home:|Proving the backup:|^\W*home: \d+ (?:of|checks)/m);
      expect(left.lines.join('\n')).toContain('fixed: daemon:record invalid');
      expect(left.isCursorShown).toBe(true);
    },
  );

  test.each([
    [
      'says so on stderr',
      [],
      /^Copying the home: 9.*\nCopying the home: done in \d+ s\nProving the backup: 9.*\nProving the backup: done in \d+ s\n$/,
    ],
    ['says nothing with --quiet', ['--quiet'], /^$/],
  ])('a repair off a terminal %s', async (_, words, said) => {
    writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
    const { stderr, stdout } = await cli(['--fix', '--yes', ...words, '--home', home]);
    expect(stdout).toContain('fixed: daemon:record invalid');
    expect(stderr).toMatch(said);
  });

  test.skipIf(!canBeSlowed).each([
    ['a bundle', ['bundle', '-o', 'case.zip']],
    ['a bundle behind a report', ['--bundle']],
  ])('%s shows its stages on a terminal, and takes them away', async (_, words) => {
    await using out = await makeScratch();
    const { output, exitCode } = await onTerminal([...words, '--timeout', '300', '--home', home], undefined, {
      cwd: out.path,
      through: slowly('pread64,read,openat'),
    });
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/\d*m? ?redaction/);
    const left = screenOf(output);
    expect(left.lines.filter((line) => /^\W*(?:redaction|archive|proof)$/.test(line))).toEqual([]);
    expect([left.lines.some((line) => line.includes('.zip')), left.isCursorShown]).toEqual([true, true]);
  });

  /** The home, and the runs and backups in it; the times of its folders change with those. */
  const stateOf = (): readonly string[] => [
    ...snapshot(home, { without: 'doctor' }).filter((line) => !line.startsWith('. ')),
    ...readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => name.startsWith('doctor/runs/')),
  ];

  const ended = 'not done: daemon:record invalid: the run was ended by Ctrl-C\nNothing was changed.';

  test.each([
    ['--fix while it checks', ['--fix', '--yes'], 'home: ', /home: \d+ (?:of|checks)/],
    ['--fix while it copies', ['--fix', '--yes'], 'Copying the home: ', /Copying the home/],
    ['--fix while it proves', ['--fix', '--yes'], 'Proving the backup: ', /Proving the backup/],
    ['a backup while it copies', ['backup', 'create'], 'Copying the home: ', /Copying the home/],
    ['a backup while it proves', ['backup', 'create'], 'Proving the backup: ', /Proving the backup/],
    ['a bundle while it collects', ['bundle', '-o', 'case.zip'], '\u2714\u001b[39m checks', /redaction/],
    ['a bundle while it redacts', ['bundle', '-o', 'case.zip'], '\u2714\u001b[39m files and machine', /redaction/],
    ['a bundle while it is proven', ['bundle', '-o', 'case.zip'], '\u2714\u001b[39m archive', /redaction/],
  ])(
    'Ctrl-C ends %s: the screen is clean, the home is as it was, and nothing is half written',
    async (_, words, at, line) => {
      await using out = await makeScratch();
      await using held = await makeScratch();
      const temporary = join(held.path, 'tmp');
      mkdirSync(temporary);
      writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
      const before = stateOf();
      const hold = holdAfter(held.path, at);
      let isPressed = false;
      const { output, exitCode } = await onTerminal(
        [...words, '--home', home],
        (seen, write) => {
          if (isPressed || !seen.includes(at)) return;
          isPressed = true;
          write('\x03');
          hold.letGo();
        },
        { cwd: out.path, env: { ...hold.env, TMPDIR: temporary }, through: canBeSlowed ? slowly('pread64') : [] },
      );
      expect(exitCode, output).toBe(130);
      const left = screenOf(output);
      expect(left.lines.filter((shown) => line.test(shown))).toEqual([]);
      expect(left.isCursorShown).toBe(true);
      if (words[0] === '--fix' && at !== 'home: ') expect(left.lines.join('\n')).toContain(ended);
      expect(stateOf()).toEqual(before);
      expect([readdirSync(out.path), readdirSync(temporary)]).toEqual([[], []]);
    },
  );

  test.each([
    ['says so on stderr', [], /^Collecting the evidence: 9.*\nCollecting the evidence: done in \d+ s\n$/],
    ['says nothing with --quiet', ['--quiet'], /^$/],
    ['says nothing where a program reads the answer', ['--json'], /^$/],
  ])('a bundle off a terminal %s', async (_, words, said) => {
    await using out = await makeScratch();
    const { stderr, exitCode } = await cli(['bundle', ...words, '--home', home], { cwd: out.path });
    expect([exitCode, stderr]).toEqual([0, expect.stringMatching(said)]);
  });
});
