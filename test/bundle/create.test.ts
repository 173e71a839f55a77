import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { cli } from '../../fixtures/diagnose.ts';
import { hoursAgo, makeHome } from '../../fixtures/home.ts';
import { makeScratch, type Scratch } from '../../fixtures/scratch.ts';
import { snapshot } from '../../fixtures/snapshot.ts';
import { makeArchive } from '../../src/bundle/archive.ts';
import type { Collected } from '../../src/bundle/gather.ts';
import { packMembers } from '../../src/bundle/pack.ts';
import { readBundle } from '../../src/bundle/read.ts';
import { verifyMembers } from '../../src/bundle/verify.ts';
import type { Observation } from '../../src/model/observation.ts';

const program = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));
/** Put together, so that no token stands in this file. */
const github = ['ghp', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'].join('_');

const always = [
  'daemon.json',
  'install.json',
  'log/daemon-recovery.log',
  'manifest.json',
  'observations.json',
  'redaction-report.json',
  'report.html',
  'report.json',
  'report.txt',
  'sessions.json',
  'store.json',
  'system.json',
  'tree.json',
];

function place(scratch: Scratch): { readonly home: string; readonly out: string } {
  const home = makeHome(join(scratch.path, 'home'), {
    rows: [
      { id: 'a', status: 'completed', createdAt: hoursAgo(2) },
      { id: 'b', status: 'failed', createdAt: hoursAgo(1) },
    ],
    events: 3,
  });
  const out = join(scratch.path, 'out');
  mkdirSync(out);
  return { home, out };
}

async function contents(file: string): Promise<ReadonlyMap<string, string>> {
  const { members } = verifyMembers(await readBundle(file));
  return new Map([...members].map(([name, bytes]) => [name, bytes.toString()]));
}

async function only(out: string): Promise<ReadonlyMap<string, string>> {
  const [file = '', ...others] = readdirSync(out);
  expect(others).toEqual([]);
  return contents(join(out, file));
}

test('a bundle is one private file with everything that support needs, and the home is as it was', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const before = snapshot(home);
  const { exitCode, stdout, stderr } = await cli(['bundle', '--home', home], { cwd: out });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(snapshot(home)).toEqual(before);
  const [file = ''] = readdirSync(out);
  expect(file).toMatch(/^coven-doctor-\d{4}-\d\d-\d\d-[0-9a-f]{8}\.zip$/);
  expect(stdout).toContain(join(out, file));
  expect(statSync(join(out, file)).mode & 0o7777).toBe(0o600);
  const members = await only(out);
  expect([...members.keys()]).toEqual(always);
  const { list } = JSON.parse(members.get('sessions.json') ?? '');
  expect(list).toMatchObject([
    {
      id: expect.stringMatching(/^<id-\d+>$/),
      status: 'failed',
      title: '<title-1> of 5 characters',
      events: { total: 0 },
    },
    {
      id: expect.stringMatching(/^<id-\d+>$/),
      project_root: '<project-1>',
      title: '<title-1> of 5 characters',
      events: { total: 3, kinds: { output: 3 } },
    },
  ]);
  const { pragmas, schema, integrity } = JSON.parse(members.get('store.json') ?? '');
  expect(pragmas).toMatchObject({ page_size: 4096, journal_mode: 'wal' });
  expect(schema.map(({ name }: { name: string }) => name)).toContain('idx_events_session_created_at');
  expect(integrity).toMatchObject({ outcome: 'read', complete: true, problems: [] });
  const tree = JSON.parse(members.get('tree.json') ?? '');
  expect(tree.entries.find(({ name }: { name: string }) => name === 'state.lock')).toMatchObject({
    mode: '0600',
    size: 0,
  });
  expect(tree).toMatchObject({ unreadable: [], complete: true });
  expect(JSON.parse(members.get('system.json') ?? '')).toMatchObject({
    node: process.version,
    platform: process.platform,
  });
  expect(members.get('report.html')).toMatch(/^<!doctype html>/);
  expect(members.get('report.txt')).toContain('Coven home: <coven-home>');
  expect(JSON.parse(members.get('manifest.json') ?? '')).toMatchObject({
    cut: [],
    leftOut: [{ name: 'observation home.identities', why: 'it holds hashes of files' }],
  });
});

test('names become tokens, the same thing the same one; hashes of files stay here', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const log = `user ada-lovelace on ${hostname()} in ${home} and ${home}/coven.sock and /home/ada-lovelace/x\n`;
  writeFileSync(join(home, 'daemon-recovery.log'), log.repeat(2));
  const env = { USER: 'ada-lovelace', HOME: '/home/ada-lovelace' };
  await cli(['bundle', '--home', home, '--include-log-text', '--include-events', 'a'], { cwd: out, env });
  const members = await only(out);
  const [line = '', again] = (members.get('log/daemon-recovery.log') ?? '').split('\n');
  expect(line).toMatch(
    /^user <user-\d> on (?:<host-1>|\S+) in <coven-home> and <coven-home>\/coven\.sock and <home-\d>\/x$/,
  );
  expect(again).toBe(line);
  const all = [...members.values()].join('\n');
  expect(all).not.toContain('ada-lovelace');
  expect(all).not.toContain(scratch.path);
  expect(members.get('observations.json')).not.toContain('sha256');
});

test('a long number in a column of a session is told by its digits', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const db = new Database(join(home, 'coven.sqlite3'));
  db.exec("UPDATE sessions SET exit_code = 4957533391971535, visibility = 4111222233334444 WHERE id = 'a'");
  db.exec("UPDATE sessions SET exit_code = -11 WHERE id <> 'a'");
  db.close();
  await cli(['bundle', '--home', home], { cwd: out });
  const text = (await only(out)).get('sessions.json') ?? '';
  const codes = (JSON.parse(text).list as { exit_code: unknown }[]).map(({ exit_code }) => exit_code);
  expect(codes.toSorted()).toEqual([-11, '‹digits:16›']);
  expect(text).not.toMatch(/49575333|41112222/);
});

test('a member that may hold a secret is reduced to shapes, by name and rule, and the rest is there', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const text = `[2026-11-01T10:00:00Z] key ${github}\n`;
  // The rules read bytes; the independent detector reads UTF-16 as well.
  writeFileSync(
    join(home, 'daemon-recovery.log'),
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
  );
  const { exitCode, stdout, stderr } = await cli(['bundle', '--home', home, '--include-log-text', '-o', 'x.zip'], {
    cwd: out,
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('Reduced to shapes: log/daemon-recovery.log may hold a secret (secretlint-github).');
  expect(stdout).not.toContain(github);
  const members = await only(out);
  expect([...members.keys()]).toEqual(always);
  expect(members.get('log/daemon-recovery.log')).toMatch(/^‹line:\d+ chars #1›\n‹text:1 #2›$/);
  expect(JSON.parse(members.get('manifest.json') ?? '')).toMatchObject({
    included: ['log-text'],
    reduced: [{ name: 'log/daemon-recovery.log', rule: 'secretlint-github' }],
  });
  expect(members.get('report.html')).toContain('Made with --include-log-text');
  const json = await cli(['bundle', '--home', home, '--include-log-text', '--json', '--force', '-o', 'x.zip'], {
    cwd: out,
  });
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: true,
    reduced: [{ member: 'log/daemon-recovery.log', rule: 'secretlint-github' }],
    withheld: [],
  });
});

test('equal members make equal archives, whatever their order, the zone and the clock', async () => {
  const members = [
    { name: 'b.txt', bytes: Buffer.from('b'.repeat(100_000)) },
    { name: 'a/c.json', bytes: Buffer.from('{"a":1}') },
    { name: 'empty', bytes: Buffer.alloc(0) },
  ];
  const zone = process.env.TZ;
  for (const kind of ['zip', 'tgz'] as const) {
    process.env.TZ = 'Pacific/Auckland';
    const one = await makeArchive(members, kind);
    process.env.TZ = 'America/Los_Angeles';
    const other = await makeArchive(members.toReversed(), kind);
    expect(one.equals(other)).toBe(true);
  }
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

test('equal input gives equal members; tokens are numbered as things appear in the observations', async () => {
  const seen = (key: 'install' | 'home.config', value: unknown): Observation =>
    ({ key, at: '2026-11-25T08:00:00.000Z', ms: 1, ok: true, value }) as Observation;
  const collected = (): Collected => ({
    observations: [
      seen('home.config', { files: [{ name: '/srv/second/a', state: 'parsed', line: null }] }),
      seen('install', { covens: [], harnesses: [{ id: 'codex', path: '/srv/first-one/bin/codex' }] }),
    ],
    gathered: {
      parts: [
        { name: 'z.json', json: ['/srv/first-one', 'the second is /srv/second', 'linux', '/srv/one-too-many'] },
        { name: 'log/a', text: Buffer.from('cut here\nlinux runs /srv/second\n'), cuts: { start: true }, keep: 100 },
      ],
      cut: [{ name: 'log/a', what: 'the end of /srv/second', why: 'size' }],
      leftOut: [],
    },
    redaction: {
      knownValues: [],
      patterns: [],
      common: [],
      named: [
        { as: 'project', names: ['/srv/first-one'] },
        { as: 'project', names: ['/srv/second'] },
        // A user may be called as a platform is: checks go on deciding on it.
        { as: 'user', names: ['linux'] },
      ],
    },
    forbidden: [],
    unnamed: new Set(['/srv/one-too-many']),
  });
  const pack = async () => {
    const run = { runId: 'r', startedAt: '2026-11-25T08:00:00.000Z', durationMs: 1 };
    const made = {
      run,
      tool: { name: 't', version: '1' },
      createdAt: '2026-11-25T08:00:01.000Z',
      included: [],
      report: async () => [],
    };
    const { members } = await packMembers(collected(), [], made);
    return Object.fromEntries(members.map(({ name, bytes }) => [name, bytes.toString()]));
  };
  const members = await pack();
  expect(await pack()).toEqual(members);
  expect(JSON.parse(members['z.json'] ?? '')).toEqual([
    '<project-2>',
    expect.stringMatching(/^‹line:25 chars #\d+›$/),
    'linux',
    '<another-project>',
  ]);
  expect(members['log/a']).toMatch(/^‹line:\d+ chars #\d+›\n$/);
  expect(JSON.parse(members['manifest.json'] ?? '').cut[0].what).toMatch(/^‹line:22 chars #\d+›$/);
});

test('a log that says one thing a hundred thousand times is no bomb to its own reader', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  writeFileSync(join(home, 'daemon-recovery.log'), '[2026-11-01T10:00:00Z] connection refused\n'.repeat(100_000));
  for (const name of ['x.zip', 'x.tgz', 'x.tar.gz']) {
    expect((await cli(['bundle', '--home', home, '-o', join(out, name)])).exitCode).toBe(0);
    const members = await contents(join(out, name));
    expect([...members.keys()]).toEqual(always);
    const log = members.get('log/daemon-recovery.log') ?? '';
    expect(log.length).toBeLessThanOrEqual(1024 ** 2);
    expect(log.startsWith('[2026-11-01T10:00:00Z] connection refused\n')).toBe(true);
    expect(JSON.parse(members.get('manifest.json') ?? '').cut).toHaveLength(1);
  }
});

test('an estimate lists the members with sizes and writes nothing', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const { exitCode, stdout } = await cli(['bundle', '--home', home, '--estimate'], { cwd: out });
  expect(exitCode).toBe(0);
  expect(
    stdout
      .split('\n')
      .slice(0, always.length)
      .map((line) => line.split(' ', 1)[0]),
  ).toEqual(always);
  expect(stdout).toContain('Nothing was written.');
  const { members } = JSON.parse((await cli(['bundle', '--home', home, '--estimate', '--json'], { cwd: out })).stdout);
  expect(members.map(({ name }: { name: string }) => name)).toEqual(always);
  expect(readdirSync(out)).toEqual([]);
  expect((await cli(['bundle', '--home', home, '--estimate', '-o', 'x.zip'], { cwd: out })).exitCode).toBe(2);
});

test('nothing is written in the home, and nothing that is no regular file is replaced', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const before = snapshot(home);
  mkdirSync(join(out, 'folder'));
  for (const [args, cwd] of [
    [['-o', join(home, 'x.zip')], out],
    [[], home],
    [['-o', join(out, 'folder')], out],
    [['-o', join(out, 'absent', 'x.zip')], out],
  ] as const) {
    const { exitCode, stdout } = await cli(['bundle', '--home', home, ...args], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  }
  expect((await cli(['--home', home, '--bundle'], { cwd: home })).exitCode).toBe(2);
  expect(snapshot(home)).toEqual(before);
  expect(readdirSync(out)).toEqual(['folder']);
});

test('titles, and the events of one session, go in when they are asked for; a secret over two events is one', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const db = new Database(join(home, 'coven.sqlite3'));
  const insert = db.prepare(
    "INSERT INTO events (id, session_id, kind, payload_json, created_at) VALUES (?, 'b', ?, ?, ?)",
  );
  const events = [
    ['output', { data: `token is ${github.slice(0, 11)}` }],
    ['output', { data: `${github.slice(11)}\n` }],
    ['exit', { code: 1, password: 'tr0ub4dor&3' }],
    ['output', { data: 'x'.repeat(70_000) }],
    ['deploy key Vw9Xc2Bn5Mq8', { code: 2 }],
  ] as const;
  for (const [index, [kind, payload]] of events.entries())
    insert.run(`b-${index}`, kind, JSON.stringify(payload), `2026-11-01T10:00:0${index}Z`);
  db.exec("UPDATE sessions SET title = 'mend the parser' WHERE id = 'b'");
  db.close();
  const plain = await cli(['bundle', '--home', home, '-o', join(out, 'plain.zip')]);
  expect(plain.exitCode).toBe(0);
  expect([...(await contents(join(out, 'plain.zip'))).values()].join()).not.toContain('mend the parser');
  const asked = ['--include-titles', '--include-events', 'b'];
  expect((await cli(['bundle', '--home', home, '-o', join(out, 'asked.zip'), ...asked])).exitCode).toBe(0);
  const members = await contents(join(out, 'asked.zip'));
  expect(JSON.parse(members.get('sessions.json') ?? '').list[0].title).toBe('mend the parser');
  expect(members.get('events/output.txt')).toBe('token is [REDACTED]\n');
  expect(JSON.parse(members.get('events/events.json') ?? '').list).toEqual([
    { seq: expect.any(Number), kind: 'output', at: '2026-11-01T10:00:00Z', bytes: expect.any(Number) },
    { seq: expect.any(Number), kind: 'output', at: '2026-11-01T10:00:01Z', bytes: expect.any(Number) },
    {
      seq: expect.any(Number),
      kind: 'exit',
      at: '2026-11-01T10:00:02Z',
      bytes: expect.any(Number),
      payload: '{"code":1,"password":"[REDACTED]"}',
    },
    { seq: expect.any(Number), kind: 'output', at: '2026-11-01T10:00:03Z', bytes: expect.any(Number) },
    // What was asked for is payloads.
    {
      seq: expect.any(Number),
      kind: expect.stringMatching(/^‹line:23 chars #\d+›$/),
      at: '2026-11-01T10:00:04Z',
      bytes: expect.any(Number),
      payload: '{"code":2}',
    },
  ]);
  expect(JSON.parse(members.get('manifest.json') ?? '').leftOut).toContainEqual({
    name: 'payloads of 1 events',
    why: 'a long one is not cut, since a part could be the rest of a secret',
  });
});

test('events of a session that is not there are left out by name', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const { exitCode, stdout } = await cli(['bundle', '--home', home, '--include-events', 'nobody'], { cwd: out });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/Omitted: events of ‹word:6 #\d+› \(the ledger has none\)\./);
  expect([...(await only(out)).keys()]).toEqual(always);
});

test('a part that cannot be read is left out by name, and the bundle is made', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  await execa('rm', [join(home, 'daemon-recovery.log'), join(home, 'coven.sqlite3')]);
  await execa('mkfifo', [join(home, 'daemon-recovery.log')]);
  writeFileSync(join(home, 'coven.sqlite3'), 'no ledger at all');
  expect((await cli(['bundle', '--home', home], { cwd: out })).exitCode).toBe(0);
  const members = await only(out);
  // A rescue was tried.
  expect([...members.keys()]).toEqual([...always.filter((name) => !name.startsWith('log/')), 'rescue.json'].sort());
  expect(members.get('report.html')).toContain('No row of a ledger is in it.');
  expect(JSON.parse(members.get('manifest.json') ?? '').leftOut).toEqual([
    { name: 'schema and pragmas of the ledger', why: 'the ledger: not-a-database' },
    { name: 'records of sessions', why: 'the ledger: not-a-database' },
    { name: 'log/daemon-recovery.log', why: 'it is no regular file' },
    { name: 'observation home.identities', why: 'it holds hashes of files' },
  ]);
});

test('a home with ten thousand projects: those that have no token are hidden where they are a value', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const db = new Database(join(home, 'coven.sqlite3'));
  db.exec(`INSERT INTO sessions SELECT 'many-' || value, '/srv/' || printf('%.*c', value % 400 + 9, 'p') || value, 'codex', 't', 'completed',
             0, NULL, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', NULL, NULL, 'private', NULL, NULL, 0, NULL, NULL
             FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 10000) SELECT value FROM n)`);
  db.close();
  writeFileSync(
    join(home, 'repos.toml'),
    Array.from({ length: 5000 }, (_, n) => `r${n} = "/srv/other/${n}"\n`).join(''),
  );
  expect((await cli(['bundle', '--home', home], { cwd: out })).exitCode).toBe(0);
  const members = await only(out);
  const { list } = JSON.parse(members.get('sessions.json') ?? '');
  expect(list).toHaveLength(500);
  const roots = new Set(list.map(({ project_root }: { project_root: string }) => project_root.replace(/\d+/, 'N')));
  expect([...roots].sort()).toEqual(['<another-project>', '<project-N>']);
  const { cut, leftOut } = JSON.parse(members.get('manifest.json') ?? '');
  expect(cut.map(({ name, what }: { name: string; what: string }) => `${name}: ${what}`)).toEqual([
    'sessions.json: the newest 500 sessions',
  ]);
  expect(leftOut.map(({ name }: { name: string }) => name.replace(/\d+/, 'N'))).toContain('tokens of N projects');
});

test('the journal of a past repair goes in, without what it knows files by', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  chmodSync(join(home, 'state.lock'), 0o644);
  expect((await cli(['--home', home, '--fix', '--yes'])).exitCode).toBe(0);
  const [run = ''] = readdirSync(join(home, 'doctor', 'runs'));
  expect((await cli(['bundle', '--home', home], { cwd: out })).exitCode).toBe(0);
  const members = await only(out);
  const journal = members.get(`runs/${run}.json`) ?? '';
  expect(JSON.parse(journal).length).toBeGreaterThan(2);
  expect(journal).toContain('state.lock');
  expect(journal).not.toMatch(/sha256|digest|[0-9a-f]{64}/);
  expect([...members.keys()].filter((name) => name.startsWith('runs/'))).toEqual([`runs/${run}.json`]);
});

test('what keys/ holds is looked for; what of it cannot be known is told', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const key = 'q7Zt0Kx4VbN2mJ8sLw6RyP1cF3hD5gAe';
  const json = 'Vw9Xc2Bn5Mq8Ra1Td4Ye7';
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37 + 129) % 256));
  mkdirSync(join(home, 'keys'), { mode: 0o700 });
  writeFileSync(join(home, 'keys', 'text.key'), `${key}\n`, { mode: 0o600 });
  writeFileSync(join(home, 'keys', 'pair.json'), JSON.stringify({ kty: 'OKP', d: json }), { mode: 0o600 });
  writeFileSync(join(home, 'keys', 'raw.key'), bytes, { mode: 0o600 });
  writeFileSync(join(home, 'keys', 'large.key'), 'k'.repeat(100_000), { mode: 0o600 });
  const lines = [key, json, bytes.toString('hex'), bytes.toString('base64'), Buffer.from(key).toString('base64')];
  writeFileSync(join(home, 'daemon-recovery.log'), lines.map((line) => `with ${line} in it\n`).join(''));
  const { exitCode, stdout } = await cli(['bundle', '--home', home, '--include-log-text'], { cwd: out });
  expect(exitCode).toBe(0);
  expect(stdout).toContain(
    'Omitted: search for what 1 entries of keys/ hold (they are no files, not to be read, or too large).',
  );
  const members = await only(out);
  expect((members.get('log/daemon-recovery.log') ?? '').replaceAll('[REDACTED]=', '[REDACTED]')).toBe(
    'with [REDACTED] in it\n'.repeat(lines.length),
  );
  expect(JSON.parse(members.get('tree.json') ?? '').entries).toContainEqual(
    expect.objectContaining({ name: 'keys', entries: 4 }),
  );
});

test('a secret that is too long to be taken out reduces the member that holds it', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const long = Array.from({ length: 600 }, (_, n) => `${n.toString(36)}x`).join('.');
  const env = { LONG_SECRET: long, SHORT_SECRET: 'zq81vKw0Rt' };
  writeFileSync(join(home, 'daemon-recovery.log'), `a ${env.SHORT_SECRET} b\n`);
  const args = ['bundle', '--home', home, '--include-log-text', '-o'];
  const clean = await cli([...args, join(out, 'x.zip')], { env });
  expect(clean.exitCode).toBe(0);
  expect((await contents(join(out, 'x.zip'))).get('log/daemon-recovery.log')).toBe('a [REDACTED] b\n');
  writeFileSync(join(home, 'daemon-recovery.log'), `a ${long.repeat(4)} b\n`);
  const env4 = { LONG_SECRET: long.repeat(4) };
  const { exitCode, stdout } = await cli([...args, join(out, 'y.zip')], { env: env4 });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Reduced to shapes: log/daemon-recovery.log may hold a secret (known-value).\n');
  expect((await contents(join(out, 'y.zip'))).get('log/daemon-recovery.log')).toMatch(/^‹line:\d+ chars #1›\n$/);
});

test('patterns of a privacy.toml that cannot be parsed are used as far as they are seen, and that is told', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  writeFileSync(join(home, 'privacy.toml'), 'extra_patterns = ["ACME-[0-9]+", \'INT-\\d+\'\n[broken');
  writeFileSync(join(home, 'daemon-recovery.log'), 'order ACME-4711 of INT-42 and 17\n');
  const { exitCode, stdout } = await cli(['bundle', '--home', home, '--include-log-text'], { cwd: out });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Omitted: your patterns of privacy.toml (it cannot be parsed; what looked like');
  const members = await only(out);
  expect(members.get('log/daemon-recovery.log')).toBe('order [REDACTED] of [REDACTED] and 17\n');
  const { members: counts } = JSON.parse(members.get('redaction-report.json') ?? '');
  expect(counts['log/daemon-recovery.log']).toEqual({ 'user-pattern': 2 });
});

test('beside a diagnosis: the report, then where the bundle is; the exit code is the report’s', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  chmodSync(home, 0o777);
  const text = await cli(['--home', home, '--bundle'], { cwd: out });
  expect({ exitCode: text.exitCode, stderr: text.stderr }).toEqual({ exitCode: 1, stderr: '' });
  expect(text.stdout).toMatch(/^Coven home: [\s\S]+\nBundle written: .+\.zip \(.+, 13 members\)/);
  const members = await only(out);
  expect(JSON.parse(members.get('report.json') ?? '').exitCode).toBe(1);
  const json = await cli(['--home', home, '--bundle', '--json'], { cwd: out });
  expect(JSON.parse(json.stdout).exitCode).toBe(1);
  expect(json.stderr).toMatch(/^Bundle written: .+\.zip \(.+, 13 members\)/);
  expect((await cli(['--home', home, '--bundle', '--fix'], { cwd: out })).exitCode).toBe(2);
});

/** Ends a run that writes x.zip as soon as something is there; tells its exit code. */
async function endedBy(signal: NodeJS.Signals, home: string, out: string): Promise<unknown> {
  const child = spawn(process.execPath, [program, 'bundle', '--home', home, '-o', join(out, 'x.zip')], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent' },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await expect.poll(() => readdirSync(out), { interval: 1, timeout: 60_000 }).not.toEqual([]);
  child.kill(signal);
  return ended;
}

test('killed at any time, there is a whole bundle or none; what was left is removed by the next run', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  await endedBy('SIGKILL', home, out);
  const left = readdirSync(out);
  expect(left).toHaveLength(1);
  if (left[0] === 'x.zip') await contents(join(out, 'x.zip'));
  else expect(left[0]).toMatch(/^\.coven-doctor-\d+-\d+-\d+-[\da-f]{16}$/);
  expect(statSync(join(out, left[0] ?? '')).mode & 0o7777).toBe(left[0] === 'x.zip' ? 0o600 : 0o700);
  expect((await cli(['bundle', '--home', home, '-o', join(out, 'x.zip')])).exitCode).toBe(0);
  expect(readdirSync(out)).toEqual(['x.zip']);
});

test('ended by SIGTERM, nothing is left', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  expect([0, 143]).toContain(await endedBy('SIGTERM', home, out));
  expect(readdirSync(out).filter((name) => name !== 'x.zip')).toEqual([]);
});

const mayMount = await execa('unshare', ['-m', 'true'], { reject: false }).then(({ exitCode }) => exitCode === 0);
if (!mayMount) console.log('no test of a full disk: it takes the right to mount in a namespace of its own');

test.skipIf(!mayMount)('a full disk: exit 2 with the reason, and nothing of the bundle', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const script =
    'mount -t tmpfs -o size=4k none "$1"; "$2" "$3" bundle --home "$4" -o "$1/x.zip"; echo "exit $?"; ls -A "$1"';
  const { stdout, stderr } = await execa(
    'unshare',
    ['-m', 'sh', '-c', script, 'sh', out, process.execPath, program, home],
    {
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent' },
      extendEnv: false,
    },
  );
  expect(stdout).toBe('exit 2');
  expect(stderr).toBe(`coven-doctor: ${out}/x.zip: cannot be written (ENOSPC)`);
});

test('a secret in the reason of a suppression is redacted with all else', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const file = join(scratch.path, 'accepted.toml');
  const entry = `check = "daemon"\nreason = "see ${github}"\nexpires = 2099-12-31`;
  writeFileSync(file, `[[suppress]]\n${entry}\n`, { mode: 0o600 });
  const { exitCode, stderr } = await cli(['--home', home, '--suppress', file, '--bundle', '--json'], { cwd: out });
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('proven')]);
  const members = await only(out);
  expect([...members].filter(([, text]) => text.includes(github)).map(([name]) => name)).toEqual([]);
  expect(members.get('report.json')).toMatch(/"reason": "‹line:\d+ chars #\d+›"/);
});

test('an older bundle is replaced only with --force', async () => {
  await using scratch = await makeScratch();
  const { home, out } = place(scratch);
  const file = join(out, 'x.zip');
  writeFileSync(file, 'of yesterday');
  const refused = await cli(['bundle', '--home', home, '-o', file]);
  expect([refused.exitCode, refused.stderr]).toEqual([
    2,
    `coven-doctor: -o ${file}: something is there already; --force replaces it\n`,
  ]);
  expect(readFileSync(file, 'utf8')).toBe('of yesterday');
  expect((await cli(['bundle', '--home', home, '-o', file, '--force'])).exitCode).toBe(0);
  await contents(file);
  expect(readdirSync(out)).toEqual(['x.zip']);
});
