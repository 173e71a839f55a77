// What a user meets who installs the packed tarball: as another user than root, in a folder that may not be written to,
// without HOME, without the scripts of packages, with pnpm, and after Node was changed.
// Usage: npm run smoke -- [--nodes 20,22,24,26] [--fast] [--tarball FILE]
//   --fast: this Node alone, and nothing is compiled. --beside: global installs beside the real Coven alone
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execPath, version } from 'node:process';
import { parseArgs } from 'node:util';
import { besideCoven } from './beside.mjs';
import { asUser, environment, give, nodeOf, npm, root, user } from './machine.mjs';

const { values: options } = parseArgs({
  options: {
    nodes: { type: 'string' },
    fast: { type: 'boolean' },
    beside: { type: 'boolean' },
    tarball: { type: 'string' },
  },
});
const own = version.slice(1).split('.')[0];
const majors = options.fast || options.beside ? [own] : (options.nodes ?? '20,22,24,26').split(',');
const scratch = mkdtempSync(join(tmpdir(), 'coven-doctor-smoke-'));
chmodSync(scratch, 0o755);

let failures = 0;
/** Says what was tried, and what came of it where that is not what is expected. */
function tell(node, what, problem) {
  if (problem !== null) failures += 1;
  console.log(
    `${problem === null ? 'ok  ' : 'FAIL'} Node ${node.major}: ${what}${problem === null ? '' : `: ${problem}`}`,
  );
}

function pack() {
  if (options.tarball) return resolve(options.tarball);
  // Without scripts: dist is built, and other tests may be running from it.
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch];
  const { stdout, stderr, status } = spawnSync('npm', words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return join(scratch, JSON.parse(stdout)[0].filename);
}

/** An empty folder of the user's, with a Coven home in it that has a stale socket and a ledger. */
function makePlace(name) {
  const place = join(scratch, name);
  mkdirSync(place, { mode: 0o755 });
  cpSync(template, join(place, 'coven'), { recursive: true });
  give(place);
  return { folder: place, home: join(place, 'coven') };
}

const template = join(scratch, 'template');
function makeTemplate() {
  const words = [join(root, 'dist', 'coven-doctor.js'), 'simulate', 'home-writable-by-others', '--home', template];
  const { status, stderr } = spawnSync(execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`no home to try: ${stderr}`);
}

const programIn = (folder) => join(folder, 'node_modules', 'coven-doctor', 'dist', 'coven-doctor.js');

/** Diagnoses the home by an installed program; null, or what is not as it has to be. */
async function diagnoses(node, { folder, home }, expected, env = environment(node, folder)) {
  const run = (...words) => asUser(node.path, [programIn(folder), ...words], { cwd: '/', env });
  const told = await run('--version', '--verbose');
  if (!expected.driver.test(told.stdout)) return `--version --verbose says ${told.stdout.trim() || told.stderr}`;
  const { code, stdout, stderr } = await run('--home', home, '--json');
  if (stderr !== '') return stderr;
  const report = JSON.parse(stdout);
  const open = report.checks.find(({ id }) => id === 'store:open');
  if (code !== 1 || open.status !== expected.open) return `exit ${code}, store:open ${open.status}: ${open.message}`;
  if (open.status === 'unknown' && !/better-sqlite3/.test(JSON.stringify(open))) return 'no command repairs it';
  const bundle = join(folder, `bundle-${node.major}.zip`);
  const packed = await run('bundle', '--home', home, '-o', bundle, '--force');
  return packed.code === 0 || packed.code === 1 || packed.code === 3
    ? null
    : `bundle: exit ${packed.code} ${packed.stderr}`;
}

const withBetter = { driver: /, better-sqlite3$/m, open: 'pass' };
/** Where the native part is missing: Node's own SQLite, which is good enough from 22.16 on. */
const withoutBetter = ({ major }) =>
  Number(major) >= 22 ? { driver: /, node:sqlite$/m, open: 'pass' } : { driver: /cannot be loaded/, open: 'unknown' };

function lock(path, mode) {
  if (lstatSync(path).isSymbolicLink()) return;
  const isFolder = lstatSync(path).isDirectory();
  if (isFolder && mode === 'open') chmodSync(path, 0o755);
  if (isFolder) for (const name of readdirSync(path)) lock(join(path, name), mode);
  if (mode === 'locked') chmodSync(path, isFolder ? 0o555 : lstatSync(path).mode & 0o555);
}

async function tryNode(node, tarball, others) {
  const bare = makePlace(`bare-${node.major}`);
  const installed = await npm(node, bare.folder, ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball], {
    cwd: bare.folder,
  });
  if (installed.code !== 0) return tell(node, 'npm install --ignore-scripts', installed.stderr);
  const expected = withoutBetter(node);
  tell(node, 'npm install --ignore-scripts as another user', await diagnoses(node, bare, expected));
  lock(join(bare.folder, 'node_modules'), 'locked');
  tell(node, 'a package folder that may not be written to', await diagnoses(node, bare, expected));
  tell(node, 'no HOME', await diagnoses(node, bare, expected, environment(node, null)));
  lock(join(bare.folder, 'node_modules'), 'open');

  const pnpm = makePlace(`pnpm-${node.major}`);
  const words = ['exec', '--yes', '--package=pnpm@10', '--', 'pnpm', 'add', '--silent', tarball];
  const store = { npm_config_store_dir: join(pnpm.folder, 'store'), CI: '1' };
  const added = await npm(node, pnpm.folder, words, { cwd: pnpm.folder, env: store });
  if (added.code !== 0)
    console.log(`skip Node ${node.major}: pnpm is not to be had (${added.stderr.trim().split('\n').at(-1)})`);
  else tell(node, 'pnpm, which runs no scripts', await diagnoses(node, pnpm, expected));
  if (options.fast) return;

  const whole = makePlace(`whole-${node.major}`);
  const scripts = ['install', '--no-audit', '--no-fund', '--ignore-scripts=false', tarball];
  const compiled = await npm(node, whole.folder, scripts, { cwd: whole.folder });
  if (compiled.code !== 0) return tell(node, 'npm install', compiled.stderr);
  tell(node, 'npm install, with what is compiled', await diagnoses(node, whole, withBetter));
  for (const other of others)
    tell(other, `installed by Node ${node.major}`, await diagnoses(other, whole, withoutBetter(other)));
}

try {
  makeTemplate();
  const tarball = pack();
  chmodSync(tarball, 0o644);
  const nodes = majors.map((major) => nodeOf(major, join(root, 'node_modules', '.cache', 'smoke')));
  console.log(`${tarball}, as ${user.uid === undefined ? 'this user' : `uid ${user.uid}`}, Node ${majors.join(', ')}`);
  for (const node of options.beside ? [] : nodes)
    await tryNode(
      node,
      tarball,
      nodes.filter((other) => other !== node),
    );
  const [first] = nodes;
  if (!options.fast) for (const line of await besideCoven(first, tarball, scratch)) tell(first, ...line);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(failures === 0 ? 'The package works.' : `${failures} failed.`);
process.exitCode = failures === 0 ? 0 : 1;
