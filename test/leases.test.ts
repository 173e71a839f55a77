import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { cli, diagnose } from '../fixtures/diagnose.ts';
import { startProgram } from '../fixtures/double.ts';
import { editLedger, makeHome } from '../fixtures/home.ts';
import { findRealCoven, makeWorld, request, until } from '../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { runSystem } from '../src/programs.ts';

const stopped = 'daemon stopped warn';
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const lease = (id: string, expiresAt: number): string =>
  JSON.stringify({ id, kind: 'session', generation: 'g', expires_at: expiresAt });

/** A home with one ended session in a git project, and the project's maintenance gate. */
function makeProject(scratch: Scratch, root = 'project'): { readonly home: string; readonly gate: string } {
  const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }] });
  const db = new Database(join(home, 'coven.sqlite3'));
  db.prepare('UPDATE sessions SET project_root = ?').run(join(scratch.path, root));
  db.close();
  const gate = join(scratch.path, 'project', '.git', 'coven-maintenance-gate');
  mkdirSync(join(gate, 'writers'), { recursive: true });
  mkdirSync(join(scratch.path, root), { recursive: true });
  return { home, gate };
}

const writer = (gate: string, text: string, name = 'x.json'): void => writeFileSync(join(gate, 'writers', name), text);

function moveBehindLink(path: string): void {
  renameSync(path, `${path}.elsewhere`);
  symlinkSync(`${path}.elsewhere`, path);
}

const cases: readonly (readonly [string, (gate: string) => void, readonly string[]])[] = [
  ['leases that ended runs left', (gate) => writer(gate, lease('session-1', 5)), []],
  ['a lease of a run that may be alive', (gate) => writer(gate, lease('session-1', nowSeconds() + 60)), []],
  [
    'an expired lease of a session without a process',
    (gate) => writer(gate, lease('daemon-session-a', nowSeconds() - 500)),
    [],
  ],
  [
    'an owner that is no JSON',
    (gate) => writeFileSync(join(gate, 'owner'), '{bad'),
    ['sessions:leases malformed fail'],
  ],
  [
    'an owner that has expired',
    (gate) => writeFileSync(join(gate, 'owner'), '{"owner_id":"o","generation":"g","expires_at":1,"phase":"held"}'),
    [],
  ],
  ['a lease that is no JSON', (gate) => writer(gate, '{bad'), ['sessions:leases malformed warn']],
  [
    'a symlink as lease',
    (gate) => symlinkSync('/etc/hostname', join(gate, 'writers', 'l.json')),
    ['sessions:leases malformed warn'],
  ],
  ['a lease of 1 MiB', (gate) => writer(gate, ' '.repeat(2 ** 20)), ['sessions:leases malformed warn']],
  ['a gate that is a link to a folder elsewhere', (gate) => moveBehindLink(gate), []],
  ['writers that are a link to a folder elsewhere', (gate) => moveBehindLink(join(gate, 'writers')), []],
  ['a lock that is a FIFO', (gate) => void runSystem('mkfifo', [join(gate, 'lock')], 'ignore'), []],
  ['a lock of mode 0', (gate) => writeFileSync(join(gate, 'lock'), '', { mode: 0 }), []],
  ['an owner that is a link to nowhere', (gate) => symlinkSync('/nonexistent/o', join(gate, 'owner')), []],
  ['an owner that is a folder', (gate) => mkdirSync(join(gate, 'owner')), ['sessions:leases malformed fail']],
  ['a file that is no lease', (gate) => writer(gate, '{bad', 'notes.txt'), []],
];

const isRoot = process.geteuid?.() === 0;
const nobody = 65_534;

for (const [what, close, command] of [
  [
    'a gate of root',
    (gate: string) => {
      chownSync(gate, 0, 0);
      chmodSync(gate, 0o700);
    },
    /^mv .*coven-maintenance-gate /,
  ],
  [
    'a lock of root, in a gate that is the user’s own',
    (gate: string) => {
      writeFileSync(join(gate, 'lock'), '', { mode: 0o600 });
      chownSync(join(gate, 'lock'), 0, 0);
    },
    /^mv .*coven-maintenance-gate /,
  ],
  [
    'all of a gate that is root’s',
    (gate: string) => {
      writeFileSync(join(gate, 'lock'), '', { mode: 0o600 });
      for (const path of ['lock', 'writers', '']) chownSync(join(gate, path), 0, 0);
    },
    /^mv .*coven-maintenance-gate /,
  ],
  [
    'writers that their own user may not write to',
    (gate: string) => chmodSync(join(gate, 'writers'), 0o500),
    /^chmod /,
  ],
  ['writers that their own user may not look into', (gate: string) => chmodSync(join(gate, 'writers'), 0), /^chmod /],
  [
    'an owner file that its own user may not read',
    (gate: string) => {
      writeFileSync(join(gate, 'owner'), '{}', { mode: 0 });
      chownSync(join(gate, 'owner'), nobody, nobody);
    },
    /^chmod /,
  ],
] as const)
  test.skipIf(!isRoot)(`${what}: Coven refuses every session, and the command opens it (needs root)`, async () => {
    await using scratch = await makeScratch();
    const { home, gate } = makeProject(scratch);
    for (const path of [scratch.path, home, ...readdirSync(home).map((name) => join(home, name))])
      chownSync(path, nobody, nobody);
    for (const path of ['', '.git', '.git/coven-maintenance-gate', '.git/coven-maintenance-gate/writers'])
      chownSync(join(scratch.path, 'project', path), nobody, nobody);
    close(gate);
    const { faults, document } = await diagnose(home, { uid: nobody });
    expect(faults).toEqual([stopped, 'sessions:leases closed fail']);
    const { stdout } = await cli(['--home', home], { uid: nobody });
    const line = stdout
      .split('\n')
      .map((one) => one.trim())
      .find((one) => command.test(one));
    expect(line, JSON.stringify(document.checks.find(({ id }) => id === 'sessions:leases'))).toBeDefined();
    await execa('sh', ['-c', line ?? ''], { uid: nobody, gid: nobody });
    expect((await diagnose(home, { uid: nobody })).faults).not.toContain('sessions:leases closed fail');
  });

test('more leases than are read: nothing is claimed of the others, and the report says how many there are at least', async () => {
  await using scratch = await makeScratch();
  const { home, gate } = makeProject(scratch);
  for (let n = 0; n < 201; n += 1) writer(gate, lease('session-1', 5), `${n}.json`);
  const { faults, document } = await diagnose(home);
  expect(faults).toEqual([stopped, 'sessions:leases undetermined unknown']);
  expect(document.checks.find(({ id }) => id === 'sessions:leases')?.message).toContain('at least 201 leases');
});

test.each(cases)('%s', async (_, stage, faults) => {
  await using scratch = await makeScratch();
  const { home, gate } = makeProject(scratch);
  stage(gate);
  expect((await diagnose(home)).faults).toEqual([stopped, ...faults]);
});

test('the project is found from a folder in it, and from another work tree', async () => {
  await using scratch = await makeScratch();
  const { home, gate } = makeProject(scratch, 'project/sub');
  writeFileSync(join(gate, 'owner'), '{bad');
  const faults = [stopped, 'sessions:leases malformed fail'];
  expect((await diagnose(home)).faults).toEqual(faults);
  const own = join(scratch.path, 'project', '.git', 'worktrees', 'tree');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'commondir'), '../..\n');
  mkdirSync(join(scratch.path, 'tree'));
  writeFileSync(join(scratch.path, 'tree', '.git'), `gitdir: ${own}\n`);
  const db = new Database(join(home, 'coven.sqlite3'));
  db.prepare('UPDATE sessions SET project_root = ?').run(join(scratch.path, 'tree'));
  db.close();
  expect((await diagnose(home)).faults).toEqual(faults);
});

test('an expired lease of a session whose process lives', async () => {
  await using scratch = await makeScratch();
  const { home, gate } = makeProject(scratch);
  await startProgram(scratch, 'sh', ['-c', 'echo started; exec sleep 600'], {
    COVEN_HOME: home,
    COVEN_MAINTENANCE_PARTICIPANT: JSON.stringify({ id: 'daemon-session-a', generation: 'g' }),
  });
  writer(gate, lease('daemon-session-a', nowSeconds() - 5));
  expect((await diagnose(home)).faults).not.toContain('sessions:leases expired warn');
  writer(gate, lease('daemon-session-a', nowSeconds() - 500));
  expect((await diagnose(home)).faults).toContain('sessions:leases expired warn');
});

const real = findRealCoven();
if ('why' in real) console.log(`the real Coven is not asked about leases: ${real.why}`);
const binary = 'path' in real ? real.path : '';

describe.skipIf(binary === '')('the real Coven', () => {
  test('refuses a session beside a damaged owner, and the hint works', async () => {
    await using scratch = await makeScratch();
    const { home, serve, launch } = makeWorld(scratch, binary);
    await serve();
    const id = await launch();
    const live = { daemonLives: true };
    const { document, faults } = await diagnose(home, live);
    expect(faults).toEqual([]);
    expect(document.checks.find((check) => check.id === 'sessions:leases')?.message).toBe('1 project has 1 lease');
    const owner = join(scratch.path, 'project', '.git', 'coven-maintenance-gate', 'owner');
    writeFileSync(owner, '{bad');
    expect((await diagnose(home, live)).faults).toEqual(['sessions:leases malformed fail']);
    const body = { projectRoot: join(scratch.path, 'project'), harness: 'codex', prompt: 'hi', title: 't' };
    expect(await request(home, 'POST', '/sessions', body)).toMatchObject({
      error: { code: 'maintenance_state_invalid' },
    });
    rmSync(owner);
    expect(await request(home, 'POST', '/sessions', body)).toMatchObject({ status: 'running' });
    await until(async () => JSON.stringify(await request(home, 'GET', '/sessions')).includes(id));
    expect((await diagnose(home, live)).faults).toEqual([]);
  });

  test('refuses a session for exactly those kinds of entries in its gate that are told', async () => {
    await using scratch = await makeScratch();
    const { home, coven, endHarnesses } = makeWorld(scratch, binary);
    endHarnesses();
    expect((await coven('run', 'codex', 'hi')).exitCode).toBe(0);
    const gate = join(scratch.path, 'project', '.git', 'coven-maintenance-gate');
    const differing: string[] = [];
    for (const entry of ['', 'writers', 'lock'])
      for (const [kind, make] of Object.entries(kinds)) {
        const path = join(gate, entry).replace(/\/$/, '');
        rmSync(path, { recursive: true, force: true });
        make(path);
        const told = (await diagnose(home)).faults.includes('sessions:leases wrong-kind fail');
        const { exitCode } = await coven('run', 'codex', 'hi');
        if (told !== (exitCode !== 0)) differing.push(`${entry || 'gate'} as ${kind}: told ${told}, exit ${exitCode}`);
        rmSync(gate, { recursive: true, force: true });
        mkdirSync(join(gate, 'writers'), { recursive: true });
      }
    expect(differing).toEqual([]);
  });
});

const kinds: Readonly<Record<string, (path: string) => void>> = {
  file: (path) => writeFileSync(path, ''),
  folder: (path) => mkdirSync(path),
  FIFO: (path) => void runSystem('mkfifo', [path], 'ignore'),
  'link to a folder': (path) => {
    mkdirSync(`${path}.elsewhere`, { recursive: true });
    symlinkSync(`${path}.elsewhere`, path);
  },
  'link to a file': (path) => symlinkSync('/etc/hostname', path),
  'link to nowhere': (path) => symlinkSync('/nonexistent/x', path),
  'link to itself': (path) => symlinkSync(path, path),
};

/** A home whose one session ran in a project. */
function usedIn(path: string, project: string): string {
  const home = makeHome(path, { rows: [{ id: 'a', status: 'completed' }] });
  editLedger(join(home, 'coven.sqlite3'), `UPDATE sessions SET project_root = '${project}'`);
  return home;
}

// Only root can give a folder to another user, and mount.
describe.skipIf(process.geteuid?.() !== 0)('the project that the doctor is run in, which takes root to spoil', () => {
  test('belongs to another user: git refuses it, and Coven every session', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }] });
    const project = join(scratch.path, 'mine');
    expect(runSystem('git', ['init', '-q', project], 'ignore').status).toBe(0);
    expect((await diagnose(home, { cwd: project })).faults).toEqual([stopped]);
    runSystem('chown', ['-R', '1000:1000', project], 'ignore');
    expect((await diagnose(home, { cwd: project })).faults).toEqual([stopped, 'sessions:leases git-refuses warn']);
    // The same of a project of the ledger is a fault wherever the doctor is run.
    const used = usedIn(join(scratch.path, 'used'), project);
    expect((await diagnose(used)).faults).toEqual([stopped, 'sessions:leases git-refuses fail']);
  });

  test('lies on a full file system, where no lease can be written', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }] });
    const folder = join(scratch.path, 'small');
    mkdirSync(folder);
    const fill =
      'mount -t tmpfs -o size=400k,mode=755 none "$0" && git init -q "$0/p" && { head -c 1000000 /dev/zero > "$0/fill" 2>/dev/null; cd "$0/p" && exec "$@"; }';
    const through = ['unshare', '-m', 'sh', '-c', fill, folder];
    expect((await diagnose(home, { through })).faults).toEqual([stopped, 'sessions:leases project-full warn']);
    const project = join(folder, 'p');
    const used = usedIn(join(scratch.path, 'used'), project);
    const from = ['unshare', '-m', 'sh', '-c', fill.replace('cd "$0/p"', 'cd /'), folder];
    expect((await diagnose(used, { through: from })).faults).toEqual([stopped, 'sessions:leases project-full fail']);
  });

  test('lies on an image, which has no room by its nature', async () => {
    await using scratch = await makeScratch();
    const home = makeHome(join(scratch.path, 'home'), { rows: [{ id: 'a', status: 'completed' }] });
    const folder = join(scratch.path, 'small');
    mkdirSync(folder);
    const fill =
      'mount -t tmpfs -o size=400k,mode=755 none "$0" && git init -q "$0/p" && { head -c 1000000 /dev/zero > "$0/fill" 2>/dev/null; mount -o remount,ro "$0" && cd "$0/p" && exec "$@"; }';
    const through = ['unshare', '-m', 'sh', '-c', fill, folder];
    expect((await diagnose(home, { through })).faults).toEqual([stopped]);
  });
});
