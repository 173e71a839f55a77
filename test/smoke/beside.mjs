// Global installs beside the real Coven: in both orders, taken away in both orders, with and without the launcher.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env as own } from 'node:process';
import { asUser, environment, give, npm } from './machine.mjs';

const coven = '@opencoven/cli@0.4.6';
/** The program that REAL_COVEN names may stand on files of this user alone. */
const asSelf = own.REAL_COVEN !== undefined;

/** What was tried, and what is not as it has to be or null. Without REAL_COVEN, the program of the package itself has to run here. */
export async function besideCoven(node, tarball, scratch) {
  const lines = [];
  for (const [first, second] of [
    [coven, tarball],
    [tarball, coven],
  ]) {
    const order = first === coven ? 'Coven first' : 'coven-doctor first';
    for (const away of ['@opencoven/cli', 'coven-doctor']) {
      const folder = join(scratch, `beside-${lines.length}`);
      mkdirSync(join(folder, 'shims'), { recursive: true });
      if (!asSelf) give(folder);
      const problem = await tryOrder(node, folder, [first, second], away).catch((error) => error.message);
      lines.push([`installed globally, ${order}; ${away} taken away first`, problem]);
    }
  }
  return lines;
}

async function tryOrder(node, folder, packages, away) {
  const prefix = join(folder, 'prefix');
  const shims = join(folder, 'shims');
  const env = environment(node, folder, { COVEN_HOME: join(folder, 'coven') });
  env.PATH = `${shims}:${join(prefix, 'bin')}:${env.PATH}`;
  const global = async (...words) => {
    const all = [...words, '--global', '--prefix', prefix, '--no-audit', '--no-fund'];
    const { code, stderr } = await npm(node, folder, all, { asSelf });
    if (code !== 0) throw new Error(`npm ${words.join(' ')}: ${stderr}`);
  };
  const run = (name, ...words) =>
    asUser('/bin/sh', ['-c', 'exec "$0" "$@"', name, ...words], { cwd: folder, env, asSelf });
  const expect = async (matches, ...words) => {
    const { code, stdout, stderr } = await run(...words);
    if (!matches.test(`${stdout}${stderr}`)) throw new Error(`${words.join(' ')}: exit ${code}, ${stdout}${stderr}`);
  };
  for (const name of packages) await global('install', '--ignore-scripts', name);
  if (own.REAL_COVEN) {
    const native = join(prefix, 'lib/node_modules/@opencoven/cli/node_modules/@opencoven/cli-linux-x64/bin/coven');
    const beside = join(prefix, 'lib/node_modules/@opencoven/cli-linux-x64/bin/coven');
    copyFileSync(own.REAL_COVEN, existsSync(native) ? native : beside);
  }
  writeFileSync(join(shims, 'codex'), '#!/bin/sh\necho done\n', { mode: 0o755 });
  await expect(/^coven v0\.4\.6/, 'coven', '--version');
  await expect(/coven-doctor/, 'coven-doctor', '--help');
  await expect(/now runs coven-doctor/, 'coven-doctor', 'shim', '--dir', shims);
  await expect(/Coven daemon: running/, 'coven', 'daemon', 'start');
  try {
    await expect(/"tool":/, 'coven', 'doctor', '--json');
    await expect(/done/, 'coven', 'run', 'codex', 'hello');
    await expect(/./, 'coven', 'doctor', '--fix', '--yes');
  } finally {
    await run('coven', 'daemon', 'stop');
  }
  await global('uninstall', away);
  if (away === 'coven-doctor') await expect(/is no longer at/, 'coven', 'doctor');
  else await expect(/Coven daemon: not running/, 'coven', 'daemon', 'status');
  await global('uninstall', away === 'coven-doctor' ? '@opencoven/cli' : 'coven-doctor');
  for (const name of ['coven', 'coven-doctor'])
    if (existsSync(join(prefix, 'bin', name))) return `${name} is left in ${prefix}/bin`;
  return null;
}
