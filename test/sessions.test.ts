import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { cli } from '../fixtures/diagnose.ts';
import { damageTable, hoursAgo, makeHome } from '../fixtures/home.ts';
import { findRealCoven, makeWorld } from '../fixtures/real-coven.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { snapshot } from '../fixtures/snapshot.ts';
import { plainOutput } from '../src/render/plain-output.ts';

const real = findRealCoven();
if ('why' in real) console.log(`no sessions of the real Coven: ${real.why}`);

interface Listed {
  readonly problem: string | null;
  readonly sessions: readonly { id: string; state: string; commands: readonly { shell: string }[] }[];
}

/** Events with the given payloads, in a session `a` of a stopped home. */
function makeSpoken(home: string, payloads: readonly string[], id = 'a'): string {
  makeHome(home, { rows: [{ id, status: 'completed' }] });
  const db = new Database(join(home, 'coven.sqlite3'));
  const insert = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, ?, 'output', ?, ?)",
  );
  for (const [index, data] of payloads.entries()) insert.run(`e${index}`, id, JSON.stringify({ data }), hoursAgo(1));
  db.close();
  return home;
}

const show = async (home: string, ...more: string[]) => {
  const before = snapshot(home);
  const result = await cli(['sessions', 'show', 'a', '--home', home, ...more]);
  expect(snapshot(home)).toEqual(before);
  return result;
};

test('sessions are listed by what is proven of them, and only what is not live is launched anew', async () => {
  await using scratch = await makeScratch();
  const home = makeHome(join(scratch.path, 'home'), {
    rows: [
      { id: 'gone', status: 'running', createdAt: hoursAgo(3) },
      { id: 'late', status: 'created', createdAt: hoursAgo(2) },
      { id: 'new', status: 'created', createdAt: hoursAgo(0.01) },
      { id: 'theirs', status: 'running', external: true },
      { id: 'done', status: 'completed' },
      { id: 'cut', status: 'orphaned' },
    ],
  });
  const before = snapshot(home);
  const { stdout, exitCode, stderr } = await cli(['sessions', '--home', home, '--json']);
  expect([exitCode, stderr]).toEqual([0, '']);
  const { sessions } = JSON.parse(stdout) as Listed;
  expect(Object.fromEntries(sessions.map(({ id, state }) => [id, state]))).toEqual({
    gone: 'orphaned',
    cut: 'orphaned',
    late: 'stranded',
    new: 'waiting',
    theirs: 'external',
    done: 'ended',
  });
  const shell = (id: string) => sessions.find((session) => session.id === id)?.commands.map((one) => one.shell);
  expect(shell('gone')).toEqual(['cd /project && coven run codex']);
  expect(shell('theirs')).toEqual([]);
  const text = (await cli(['sessions', '--home', home])).stdout;
  expect(text).toMatch(/^6 sessions: 2 orphaned, 1 stranded, 1 waiting, 1 external, 1 completed\.\n/);
  expect(`${text}${stdout}`).not.toMatch(/coven (kill|attach)/);
  expect(snapshot(home)).toEqual(before);
});

test('what was said is replayed without escapes and secrets, page by page; --raw gives it as it is', async () => {
  await using scratch = await makeScratch();
  const token = 'ghp_abcdefghijklmnopqrstuvwxyz0123456789';
  const parts = ['\x1b[31mred\x1b[0m\r\n', 'token ghp_abcdefghijklm', 'nopqrstuvwxyz0123456789\r\n', 'last\n'];
  const home = makeSpoken(join(scratch.path, 'home'), parts);
  const whole = await show(home);
  expect(whole.exitCode).toBe(0);
  expect(whole.stdout).toContain('red\ntoken [REDACTED]\nlast\n');
  expect(whole.stdout).toContain('  cd /project && coven run codex\n');
  expect((await show(home, '--raw')).stdout).toBe(parts.join(''));
  const pages = [await show(home, '--limit', '2'), await show(home, '--from-seq', '3')];
  expect(pages[0]?.stdout).toContain(`coven-doctor sessions show a --home ${home} --from-seq 3`);
  const seen = pages.map(({ stdout }) => stdout).join('');
  for (let at = 0; at + 8 <= token.length; at += 1) expect(seen).not.toContain(token.slice(at, at + 8));
  expect(pages[1]?.stdout).toContain('last\n');
});

test('a damaged ledger tells what its other pages hold, and that something may be missing', async () => {
  await using scratch = await makeScratch();
  const home = makeSpoken(
    join(scratch.path, 'home'),
    Array.from({ length: 2000 }, (_, index) => `line ${index} ${'x'.repeat(60)}\n`),
  );
  damageTable(join(home, 'coven.sqlite3'), 'events');
  const { stdout, exitCode } = await show(home, '--limit', '5000');
  expect(exitCode).toBe(3);
  expect(stdout).toContain('The ledger could not be read whole');
  expect(stdout).toContain('line 0 ');
  expect(stdout).toContain('line 1999 ');
});

test('a ledger that SQLite does not open is read from its pages', async () => {
  await using scratch = await makeScratch();
  const home = makeSpoken(join(scratch.path, 'home'), ['hello\n']);
  const db = new Database(join(home, 'coven.sqlite3'));
  db.unsafeMode();
  db.pragma('writable_schema = ON');
  db.exec("UPDATE sqlite_schema SET sql = 'CREATE nonsense' WHERE name = 'store_meta'");
  db.close();
  const { stdout, exitCode } = await show(home);
  expect(exitCode).toBe(3);
  expect(stdout).toContain('hello\n');
});

test('a bundle that holds the events of a session replays them', async () => {
  await using scratch = await makeScratch();
  const home = makeSpoken(join(scratch.path, 'home'), ['hello ', 'there\n'], 'a-session');
  const file = join(scratch.path, 'support.zip');
  await cli(['bundle', '--home', home, '--include-events', 'a-session', '-o', file, '--timeout', '60']);
  const list = await cli(['sessions', '--bundle', file, '--json']);
  const { sessions } = JSON.parse(list.stdout) as Listed;
  expect(sessions.map(({ state }) => state)).toEqual(['ended']);
  const { stdout } = await cli(['sessions', 'show', sessions[0]?.id ?? '', '--bundle', file]);
  expect(stdout).toContain('hello there');
});

test.each([
  [['show', 'nobody'], 'there is no session nobody'],
  [['show', 'a', '--limit', '0'], '--limit takes one whole number'],
  [['show', 'a', '--raw', '--json'], '--raw and --json exclude each other'],
])('%j is refused', async (words, says) => {
  await using scratch = await makeScratch();
  const home = makeSpoken(join(scratch.path, 'home'), []);
  const { exitCode, stderr, stdout } = await cli(['sessions', ...words, '--home', home]);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toContain(says);
});

describe('what a terminal would show', () => {
  test.each([
    ['a\x1b[1;31mb\x1b[mc', 'abc'],
    ['\x1b]0;title\x07x\x1b]8;;http://a\x1b\\link', 'xlink'],
    ['\x1bP1$r\x1b\\x\x1b(By\x9b2Jz', 'xyz'],
    ['one\r\r\ntwo\rthree', 'one\ntwo\nthree'],
    ['cut \x1b[31', 'cut '],
    ['cut \x1b]0;no end\nnext', 'cut \nnext'],
    ['bell\x07 back\b tab\t \u202eturned', 'bell back tab\t turned'],
    ['\x1b', ''],
    [
      'a::b::c\r\n \t::error file=a.js::forged\r\n::std::cout',
      'a::b::c\n \t\\u{3a}:error file=a.js::forged\n\\u{3a}:std::cout',
    ],
    ['  ::Add-Mask::x', '  \\u{3a}:Add-Mask::x'],
    ['a ##[add-mask]b', 'a ##\\u{5b}add-mask]b'],
  ])('%j is %j', (text, shown) => expect(plainOutput(text)).toBe(shown));
});

describe.skipIf(!('path' in real))('with the real Coven', () => {
  test('a live session is followed, and one whose daemon was killed is launched anew', async () => {
    await using scratch = await makeScratch();
    const { home, serve, launch, endHarnesses } = makeWorld(scratch, 'path' in real ? real.path : '');
    const daemon = await serve();
    const id = await launch();
    const listed = async () =>
      (JSON.parse((await cli(['sessions', '--home', home, '--json'])).stdout) as Listed).sessions;
    expect(await listed()).toMatchObject([{ id, state: 'live', commands: [{ shell: `coven attach ${id}` }] }]);
    expect((await cli(['sessions', 'show', id, '--home', home])).stdout).toContain('hello\n');
    daemon.kill('SIGKILL');
    endHarnesses();
    await expect.poll(async () => (await listed())[0]?.state, { timeout: 60_000 }).toBe('orphaned');
    const { stdout } = await cli(['sessions', 'show', id, '--home', home]);
    expect(stdout).toContain('hello\n');
    expect(stdout).toContain(`  cd ${join(scratch.path, 'project')} && coven run codex\n`);
    expect(stdout).not.toMatch(/coven (attach|kill)/);
  });
});
