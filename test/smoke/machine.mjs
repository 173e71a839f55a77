// What the smoke suite stands on: versions of Node, a user who is not root, and programs that are run as that user.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { arch, env, execPath, geteuid, platform, version } from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** nobody */
const nobody = 65534;
export const user = geteuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

const npmSetting = (name) => {
  const { stdout } = spawnSync('npm', ['config', 'get', name], { encoding: 'utf8', cwd: root });
  const value = stdout.trim();
  return value === '' || value === 'undefined' || value === 'null' ? {} : { [`npm_config_${name}`]: value };
};
/** Where packages and headers come from here; nothing else of this user's settings. */
const settings = { ...npmSetting('registry'), ...npmSetting('cafile'), ...npmSetting('nodedir') };
const kept = ['NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];

/** A Node with the npm that it runs: this one, or that of the npm package of a version. */
export function nodeOf(major, cache) {
  if (version.startsWith(`v${major}.`)) return { major, path: execPath, settings };
  const folder = join(cache, `node-${major}`);
  const name = `node-${platform}-${arch}`;
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'node_modules', name)))
    run('npm', ['install', '--silent', '--no-save', '--prefix', folder, `${name}@${major}`], { cwd: folder });
  const found = join(folder, 'node_modules', name);
  return { major, path: join(found, 'bin', 'node'), settings: { ...settings, npm_config_nodedir: found } };
}

function run(file, args, options) {
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** The npm that comes with the Node that runs this. */
const npmProgram = () => {
  const bin = dirname(execPath);
  const places = [join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')];
  const { stdout } = spawnSync('npm', ['root', '--global'], { encoding: 'utf8' });
  places.push(join(stdout.trim(), 'npm', 'bin', 'npm-cli.js'));
  const found = places.find((path) => existsSync(path)) ?? createRequire(execPath).resolve('npm/bin/npm-cli.js');
  return found;
};

/** The environment of the user; `home` is null where there is none. */
export const environment = (node, home, more = {}) => ({
  PATH: `${dirname(node.path)}:/usr/local/bin:/usr/bin:/bin`,
  ...(home !== null && { HOME: home }),
  ...Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
  ...more,
});

/** Runs npm of a Node as the user. */
export const npm = (node, home, words, options = {}) =>
  asUser(node.path, [npmProgram(), ...words], {
    env: environment(node, home, { ...node.settings, npm_config_cache: join(home, '.npm'), ...options.env }),
    cwd: options.cwd,
    asSelf: options.asSelf ?? false,
  });

/** Runs a program as the user, and resolves with what came of it. */
export function asUser(file, words, { asSelf = false, ...options }) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, { ...options, ...(asSelf ? {} : user), stdio: ['ignore', 'pipe', 'pipe'] });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (out[name] += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal, ...out }));
  });
}

/** Gives a tree to the user. */
export function give(path) {
  if (user.uid === undefined) return;
  chownSync(path, user.uid, user.gid);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) give(join(path, name));
}
