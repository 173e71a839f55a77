import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli, diagnose } from '../../fixtures/diagnose.ts';
import { makeHome } from '../../fixtures/home.ts';
import { faults, reportOf } from '../../fixtures/reports.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { unknown } from '../../src/model/check.ts';

const isRoot = process.geteuid?.() === 0;

/** A home with one fail (a lock file with two names) and one warning (no daemon), and a folder to run in. */
function make(scratch: Scratch): { readonly home: string; readonly cwd: string } {
  const home = makeHome(join(scratch.path, 'home'));
  linkSync(join(home, 'state.lock'), join(scratch.path, 'second-name'));
  const cwd = join(scratch.path, 'project');
  mkdirSync(cwd);
  return { home, cwd };
}

const suppress = (check: string, expires: string, more = ''): string =>
  `[[suppress]]\ncheck = "${check}"\nreason = "a mirror keeps links"\nexpires = ${expires}\n${more}\n`;

const far = '2999-12-31';
const past = '2001-01-01';

describe('suppressions', () => {
  test('a suppressed finding is shown as such and does not count', async () => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    expect((await diagnose(home, { cwd })).exitCode).toBe(1);
    writeFileSync(join(cwd, '.coven-doctor.toml'), suppress('home:locks', far));
    const { exitCode, document, faults } = await diagnose(home, { cwd });
    expect([exitCode, faults]).toEqual([0, ['home:locks linked fail', 'daemon stopped warn']]);
    expect(document).toMatchObject({ ok: true, blocking: false, summary: { fail: 0, suppressed: 1, known: 0 } });
    const said = { reason: '‹line:20 chars›', expires: far };
    const check = document.checks.find(({ id }) => id === 'home:locks');
    expect(check).toMatchObject({ suppressed: said, findings: [{ code: 'linked', suppressed: said }] });
    const { stdout } = await cli(['--home', home], { cwd });
    expect(stdout).toContain('home:locks linked');
    expect(stdout).toContain(`Suppressed until ${far}`);
    expect(stdout).toContain('1 suppressed');
  });

  test.each([
    ['of this code', suppress('home:locks', far, 'code = "linked"'), 0],
    ['of another code', suppress('home:locks', far, 'code = "not-regular"'), 1],
    ['of another check', suppress('home:mode', far), 1],
    ['expired', suppress('home:locks', past), 1],
    ['expired and renewed', suppress('home:locks', past) + suppress('home:locks', far), 0],
    ['of a warning, expired', suppress('home:locks', far) + suppress('daemon', past), 1],
    ['expired, of what is not found', suppress('home:locks', far) + suppress('home:owner', past), 0],
    ['none', '', 1],
  ])('%s', async (_, text, exitCode) => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    const file = join(cwd, 'accepted.toml');
    writeFileSync(file, text);
    expect((await diagnose(home, { cwd, args: ['--suppress', file] })).exitCode).toBe(exitCode);
  });

  test('an expired one is named on the finding that counts again', async () => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    writeFileSync(join(cwd, '.coven-doctor.toml'), suppress('home:locks', past));
    const { document } = await diagnose(home, { cwd });
    const check = document.checks.find(({ id }) => id === 'home:locks');
    expect(check).toMatchObject({ expired: { expires: past }, findings: [{ expired: { expires: past } }] });
    expect((await cli(['--home', home], { cwd })).stdout).toContain(`Its suppression expired on ${past}`);
  });

  test('it holds to the end of its day, in UTC', () => {
    const on = (expires: string) =>
      reportOf({ daemon: faults.daemon ?? [] }, 'warn', {
        suppressions: [{ check: 'daemon', reason: 'x', expires }],
        baseline: null,
      }).exitCode;
    expect([on('2026-11-23'), on('2026-11-24'), on('2026-11-25')]).toEqual([1, 0, 0]);
  });

  test('what could not be determined cannot be accepted', () => {
    const finding = unknown('unobserved', '<coven-home>', { facts: { message: 'no' }, evidence: [] });
    const report = reportOf({ daemon: [finding] }, 'fail', {
      suppressions: [{ check: 'daemon', reason: 'x', expires: far }],
      baseline: { runId: 'x', statuses: new Map([['daemon/unobserved/<coven-home>', 'unknown' as const]]) },
    });
    expect([report.exitCode, report.complete, report.summary.unknown]).toEqual([3, false, 1]);
  });

  test.each([
    ['no TOML', 'suppress = [', 'is not valid TOML'],
    ['a module', 'checks = ["./evil.js"]', '"checks" has no meaning here'],
    ['a home', 'home = "/tmp"', '"home" has no meaning here'],
    ['a threshold', `fail-on = "never"\n${suppress('daemon', far)}`, '"fail-on" has no meaning here'],
    ['redaction', '[redaction]\nrules = []', '"redaction" has no meaning here'],
    ['no list', 'suppress = "all"', 'is not a list'],
    ['no table', 'suppress = ["home:locks"]', 'number 1: is not a table'],
    ['a command', suppress('daemon', far, 'run = "x"'), '"run" has no meaning here'],
    ['an unknown check', suppress('home:lock', far), 'unknown check "home:lock"'],
    ['a family', suppress('home', far), 'unknown check "home"'],
    ['every check', suppress('*', far), 'unknown check "*"'],
    ['an unknown code', suppress('home:locks', far, 'code = "link"'), 'has no code "link"'],
    ['no reason', `[[suppress]]\ncheck = "daemon"\nexpires = ${far}`, 'a reason is required'],
    ['an empty reason', `[[suppress]]\ncheck = "daemon"\nreason = " "\nexpires = ${far}`, 'a reason is required'],
    ['no expiry', '[[suppress]]\ncheck = "daemon"\nreason = "x"', 'expires is required'],
    ['an expiry that is no date', suppress('daemon', '"never"'), 'expires is required'],
    ['a time', suppress('daemon', '2999-12-31T00:00:00Z'), 'expires is required'],
  ])('%s is exit 2, and says why', async (_, text, why) => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    writeFileSync(join(cwd, '.coven-doctor.toml'), text);
    const { exitCode, stdout, stderr } = await cli(['--home', home], { cwd });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe.each(['--suppress', '--baseline'])('%s takes no file that is not one', (option) => {
  const places: readonly (readonly [name: string, build: (path: string, home: string) => unknown, why: string])[] = [
    ['none', () => {}, 'there is no such file'],
    ['a folder', (path) => mkdirSync(path), 'is not a regular file'],
    ['a FIFO', (path) => void execFileSync('mkfifo', [path]), 'is not a regular file'],
    ['a symlink', (path) => symlinkSync('/etc/passwd', path), 'is not a regular file'],
    ['a device', () => '/dev/zero', 'is not a regular file'],
    ['a large one', (path) => writeFileSync(path, Buffer.alloc(9 * 1024 ** 2)), 'is larger than'],
    ['not UTF-8', (path) => writeFileSync(path, Buffer.from([0xff, 0xfe])), 'is not UTF-8'],
    [
      'one that everybody may write',
      (path) => {
        writeFileSync(path, '');
        chmodSync(path, 0o666);
      },
      'can be written by everybody',
    ],
    [
      'one in the home',
      (_, home) => {
        writeFileSync(join(home, 'x.toml'), '', { mode: 0o600 });
        return join(home, 'x.toml');
      },
      'lies in the Coven home',
    ],
    [
      'one in the home by another name',
      (path, home) => {
        writeFileSync(join(home, 'x.toml'), '', { mode: 0o600 });
        symlinkSync(home, path);
        return join(path, 'x.toml');
      },
      'lies in the Coven home',
    ],
  ];
  test.each(places)('%s', async (_, build, why) => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    const built = build(join(cwd, 'given'), home);
    const named = typeof built === 'string' ? built : join(cwd, 'given');
    const { exitCode, stdout, stderr } = await cli(['--home', home, option, named], { cwd });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
  });
});

test('a file of suppressions in the home is not looked at, where the home is the current folder', async () => {
  await using scratch = await makeScratch();
  const { home } = make(scratch);
  writeFileSync(join(home, '.coven-doctor.toml'), suppress('home:locks', far), { mode: 0o600 });
  expect((await diagnose(home, { cwd: home })).exitCode).toBe(1);
});

test.skipIf(!isRoot)('a file of another user is taken only where it is named (needs root to make one)', async () => {
  await using scratch = await makeScratch();
  const { home, cwd } = make(scratch);
  const file = join(cwd, '.coven-doctor.toml');
  writeFileSync(file, suppress('home:locks', far));
  chownSync(file, 65_534, 65_534);
  const { exitCode, stderr } = await cli(['--home', home], { cwd });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('belongs to another user')]);
  expect((await diagnose(home, { cwd, args: ['--suppress', file] })).exitCode).toBe(0);
});

describe('baseline', () => {
  test('only what is new fails', async () => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    const file = join(cwd, 'baseline.json');
    await cli(['--home', home, '--output', `json=${file}`], { cwd });
    const args = ['--baseline', file, '--fail-on', 'warn'];
    const same = await diagnose(home, { cwd, args });
    expect([same.exitCode, same.faults]).toEqual([0, ['home:locks linked fail', 'daemon stopped warn']]);
    expect(same.document).toMatchObject({
      summary: { fail: 0, warn: 0, suppressed: 0, known: 2 },
      run: { baseline: JSON.parse(readFileSync(file, 'utf8')).run.id },
    });
    expect((await cli(['--home', home, ...args], { cwd })).stdout).toContain(
      'known: it is in the baseline\n     home:locks linked',
    );
    writeFileSync(join(home, 'daemon.json'), '{"pid":', { mode: 0o600 });
    const { exitCode, document } = await diagnose(home, { cwd, args });
    expect(exitCode).toBe(1);
    const told = document.checks.flatMap(({ id, findings }) =>
      ['home:locks', 'daemon:record'].includes(id) ? findings.map((finding) => ({ id, ...finding })) : [],
    );
    expect(told).toMatchObject([
      { id: 'home:locks', target: '<coven-home>/state.lock', known: true },
      { id: 'daemon:record', code: 'invalid' },
    ]);
    expect(told[1]).not.toHaveProperty('known', true);
  });

  test('what was a warning and fails now is new', () => {
    const was = (status: 'warn' | 'fail') =>
      reportOf({ 'store:open': faults['store:open'] ?? [] }, 'fail', {
        suppressions: [],
        baseline: { runId: 'x', statuses: new Map([['store:open/malformed/<coven-home>/coven.sqlite3', status]]) },
      }).exitCode;
    expect([was('warn'), was('fail')]).toEqual([1, 0]);
  });

  test.each([
    ['no JSON', 'x'],
    ['a JSON document of another kind', '{"schemaVersion":1,"checks":[]}'],
    ['a list', '[]'],
    ['a deep one', '['.repeat(100_000)],
  ])('%s is exit 2', async (_, text) => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    writeFileSync(join(cwd, 'baseline.json'), text);
    const { exitCode, stdout, stderr } = await cli(['--home', home, '--baseline', 'baseline.json'], { cwd });
    expect([exitCode, stdout, stderr]).toEqual([
      2,
      '',
      'coven-doctor: baseline.json: is no report of coven-doctor --json\n',
    ]);
  });

  test('a report with a key that is not ours is none', async () => {
    await using scratch = await makeScratch();
    const { home, cwd } = make(scratch);
    const file = join(cwd, 'baseline.json');
    await cli(['--home', home, '--output', `json=${file}`], { cwd });
    writeFileSync(`${file}.new`, readFileSync(file, 'utf8').replace('{', '{ "__proto__": { "exitCode": 0 },'));
    renameSync(`${file}.new`, file);
    expect((await cli(['--home', home, '--baseline', file], { cwd })).exitCode).toBe(2);
  });
});
