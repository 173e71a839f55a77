import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { findRealCoven } from '../fixtures/real-coven.ts';
import { makeScratch, type Scratch } from '../fixtures/scratch.ts';
import { installReal } from '../fixtures/upgrade.ts';

const program = fileURLToPath(new URL('../dist/coven-doctor.js', import.meta.url));
const real = findRealCoven();
if ('why' in real) console.log(`no launcher before the real Coven: ${real.why}`);

/** Says how it was called and passes its input on; as `signal` it waits, as `code` it ends with 7. */
const fake = `#!/bin/sh
[ "$1" = code ] && exit 7
[ "$1" = signal ] && { echo "$$"; exec sleep 600; }
printf '<%s>' "$@"
env | sort | tr '\\n' ';'
cat
echo error >&2
`;

interface World {
  readonly home: string;
  /** Where the launcher goes, and the folder of a Coven behind it. */
  readonly bin: string;
  readonly behind: string;
  readonly env: Readonly<Record<string, string>>;
}

function makeWorld(scratch: Scratch): World {
  const [bin, behind] = ['a b', 'behind'].map((name) => join(scratch.path, name)) as [string, string];
  for (const folder of [bin, behind]) mkdirSync(folder);
  const path = [bin, behind, dirname(process.execPath), '/usr/bin', '/bin'].join(':');
  const home = join(scratch.path, 'home');
  return { home, bin, behind, env: { HOME: scratch.path, COVEN_HOME: home, PATH: path } };
}

const plain = { reject: false, extendEnv: false } as const;
const doctor = ({ env }: World, ...words: readonly string[]) =>
  execa(process.execPath, [program, ...words], { ...plain, env });
const shim = (world: World, ...words: readonly string[]) => doctor(world, 'shim', '--dir', world.bin, ...words);
const coven = (world: World, words: readonly string[], options = {}) =>
  execa('coven', words, { ...plain, env: world.env, ...options });

function install(folder: string, text = fake): string {
  const file = join(folder, 'coven');
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

test('`coven doctor` is coven-doctor, and every other word reaches the Coven behind the launcher unchanged', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  install(world.behind);
  const { stdout, exitCode } = await shim(world);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`goes to ${join(world.behind, 'coven')}.`);
  expect(statSync(join(world.bin, 'coven')).mode & 0o7777).toBe(0o755);

  expect((await coven(world, ['doctor', '--version'])).stdout).toMatch(/^\d+\.\d+\.\d+$/);
  const words = ['run', 'a  b', '', '*', '$HOME', "it's", '--', '-x', 'line\nbreak', 'doctor'];
  const direct = await execa(join(world.behind, 'coven'), words, { ...plain, env: world.env, input: 'in\0put' });
  const through = await coven(world, words, { input: 'in\0put' });
  // A shell keeps its own last command line and depth there.
  const bare = (text: string): string => text.replace(/\b(?:_|SHLVL|OLDPWD)=[^;]*;/g, '');
  expect(bare(through.stdout)).toBe(bare(direct.stdout));
  expect(through.stderr).toBe(direct.stderr);
  expect((await coven(world, ['code'])).exitCode).toBe(7);

  const child = coven(world, ['signal']);
  const pid = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data).trim())));
  // No process stands between: it is the very one that was started.
  expect(Number(pid)).toBe(child.pid);
  child.kill('SIGTERM');
  expect((await child).signal).toBe('SIGTERM');
});

test('the launcher is written again, removed, and says where it has no effect', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  const file = join(world.bin, 'coven');
  expect((await shim(world)).stdout).toContain('no Coven follows on PATH');
  const text = readFileSync(file, 'utf8');
  expect((await shim(world)).exitCode).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(text);
  const elsewhere = { ...world, env: { ...world.env, PATH: '/usr/bin:/bin' } };
  expect((await shim(elsewhere)).stdout).toContain(`its folder is not on PATH. Put its folder first:\n  export PATH='`);
  install(world.behind);
  const late = { ...world, env: { ...world.env, PATH: `${world.behind}:${world.env.PATH}` } };
  expect((await shim(late)).stdout).toContain(`${join(world.behind, 'coven')} comes first on PATH`);
  const found = await doctor(world, 'shim', '--remove');
  expect(found.stdout).toContain(`coven-doctor shim --remove --dir '${world.bin}'`);
  expect(existsSync(file)).toBe(true);
  expect((await shim(world, '--remove')).stdout).toBe(`Removed ${file}.`);
  expect(existsSync(file)).toBe(false);
  expect(await shim(world, '--remove')).toMatchObject({ exitCode: 0, stdout: `There is no launcher at ${file}.` });
});

describe('a file that it did not write is neither replaced nor removed', () => {
  const cases: readonly (readonly [what: string, put: (file: string) => void])[] = [
    ['a program', (file) => install(dirname(file))],
    ['a link to one', (file) => symlinkSync('/bin/true', file)],
    ['a link to nothing', (file) => symlinkSync('/nonexistent/coven', file)],
    ['a folder', (file) => mkdirSync(file)],
    ['a program that names coven-doctor', (file) => install(dirname(file), '#!/bin/sh\n# coven-doctor shim\n')],
  ];
  test.each(cases)('%s', async (_, put) => {
    await using scratch = await makeScratch();
    const world = makeWorld(scratch);
    const file = join(world.bin, 'coven');
    put(file);
    const stat = () => execa('stat', ['-c', '%i %f %s %Y %Z', file]).then(({ stdout }) => stdout);
    const before = await stat();
    for (const words of [[], ['--remove']]) {
      const { exitCode, stderr } = await shim(world, ...words);
      expect(stderr).toContain(`${file} is left as it is`);
      expect(exitCode).toBe(5);
      expect(await stat()).toBe(before);
    }
  });
});

test('without a Coven behind it, `coven daemon` is the minimal daemon; a launcher never runs itself', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  await shim(world);
  // The same folder by another name, and another launcher behind: neither is taken for a Coven.
  const other = join(scratch.path, 'other');
  symlinkSync(world.bin, other);
  const twin = join(scratch.path, 'twin');
  mkdirSync(twin);
  await doctor(world, 'shim', '--dir', twin);
  const env = { ...world.env, PATH: `.::relative:${other}:${twin}:${world.env.PATH}` };
  expect((await coven({ ...world, env }, ['daemon', 'status'])).stdout).toBe('Coven daemon: not running');
  try {
    expect((await coven({ ...world, env }, ['daemon', 'start'])).stdout).toContain('Coven daemon: running');
    expect((await doctor({ ...world, env }, 'daemon', 'status')).stdout).toContain('Coven daemon: running');
  } finally {
    expect((await coven({ ...world, env }, ['daemon', 'stop'])).stdout).toBe('Coven daemon: stopped');
  }
});

test('a launcher whose coven-doctor is gone says so, and lets Coven be', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  install(world.behind);
  await shim(world);
  const file = join(world.bin, 'coven');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('coven-doctor.js', 'gone.js'));
  const gone = await coven(world, ['doctor', '--json'], { input: '' });
  expect(gone.stdout).toMatch(/^<doctor><--json>/);
  expect(gone.stderr).toContain(`remove this launcher, ${file}`);
  expect((await coven(world, ['run'], { input: '' })).stderr).toBe('error');
  const { stdout } = await doctor(world, '--only', 'install');
  expect(stdout).toContain('no longer where it was installed');
  await shim(world, '--remove');
  expect(existsSync(file)).toBe(false);
});

test('an installed Coven is known by name behind the launcher', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  install(world.behind);
  await shim(world);
  const { stdout } = await doctor(world, '--only', 'install', '--verbose');
  expect(stdout.replace(/\s+/g, ' ')).toContain(
    `\`coven\` is the launcher of coven-doctor, ${join(world.bin, 'coven')}, in front of ${join(world.behind, 'coven')}`,
  );
});

test.runIf('path' in real)('before the real Coven: doctor, doctor --fix, run and daemon', async () => {
  await using scratch = await makeScratch();
  const world = makeWorld(scratch);
  rmSync(world.behind, { recursive: true });
  const installed = join(scratch.path, 'installed');
  installReal('path' in real ? real.path : '')(installed, '0.4.6');
  symlinkSync(join(installed, 'bin'), world.behind);
  writeFileSync(join(world.bin, 'codex'), '#!/bin/sh\necho done\n', { mode: 0o755 });
  await shim(world);
  const project = join(scratch.path, 'project');
  mkdirSync(project);
  try {
    expect((await coven(world, ['--version'])).stdout).toContain('coven v0.4.6');
    expect((await coven(world, ['daemon', 'start'], { cwd: project })).stdout).toContain('Coven daemon: running');
    const run = await coven(world, ['run', 'codex', 'hello'], { cwd: project });
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain('done');
    const looked = await coven(world, ['doctor', '--json'], { cwd: project });
    expect(JSON.parse(looked.stdout)).toMatchObject({ ok: true, tool: { name: 'coven-doctor' } });
    // A daemon that was killed is repaired through the same word, and the real one is started.
    const { pid } = JSON.parse(readFileSync(join(world.home, 'daemon.json'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    const fixed = await coven(world, ['doctor', '--fix', '--yes', '--start-daemon'], { cwd: project });
    expect(`${fixed.stdout}${fixed.stderr}`).not.toContain('Refused');
    expect(fixed.exitCode).toBe(0);
    expect((await coven(world, ['daemon', 'status'])).stdout).toContain('Coven daemon: running');
    const serving = JSON.parse(readFileSync(join(world.home, 'daemon.json'), 'utf8'));
    expect(readFileSync(`/proc/${serving.pid}/cmdline`, 'latin1')).toContain(join(installed, 'lib'));
  } finally {
    await coven(world, ['daemon', 'stop']);
  }
});
