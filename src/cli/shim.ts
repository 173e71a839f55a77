import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { isErrno } from '../host/files.ts';
import { closeFolder } from '../host/folder.ts';
import { launcherAt, launcherOf, launcherText } from '../host/launcher.ts';
import { installIn } from '../host/observations/install.ts';
import { Unsafe } from '../host/outside.ts';
import { makeOutsideFile, type OutsideFile, openOutsideFile, removeOutsideFile } from '../host/outside-file.ts';
import { harmless } from '../model/harmless.ts';
import { quoted } from '../model/shell.ts';
import { packageRoot } from '../package.ts';
import { print } from '../terminal/print.ts';
import { UsageError } from '../terminal/usage.ts';
import { namedHome } from './options/home.ts';
import { asUsage } from './options/outputs.ts';

/** Refused for safety. */
const refused = 5;
const mode = 0o755;
const isOurs = (text: string): boolean => launcherOf(text) !== null;

/** `shim`: writes the launcher `coven` into a folder, or removes it. Returns the exit code. */
export async function shim(dir: string | undefined, remove: boolean): Promise<number> {
  const folder = resolve(dir ?? join(homedir(), '.local', 'bin'));
  const path = join(folder, 'coven');
  if (!remove && packageRoot.includes('/_npx/'))
    throw new UsageError(
      'npx removes what it runs from its cache: install coven-doctor first, npm install -g coven-doctor',
    );
  try {
    const place = placeAt(path);
    if (place === null && !remove) throw new UsageError(`there is no folder ${folder}: mkdir -p ${quoted(folder)}`);
    if (place === null) return await nothingAt(path);
    try {
      return await (remove ? removeAt(place) : writeAt(place));
    } finally {
      closeFolder(place.folder);
    }
  } catch (error) {
    if (error instanceof Unsafe) return refuse(path, error.message, remove);
    throw asUsage(error, path, 'cannot be changed');
  }
}

/** Null if its folder does not exist. */
function placeAt(path: string): OutsideFile | null {
  try {
    return openOutsideFile(path, namedHome(undefined).path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

async function writeAt(place: OutsideFile): Promise<number> {
  const { path } = place;
  // Our own launcher is replaced. Any other file of this name is refused and stays.
  removeOutsideFile(place, isOurs);
  await makeOutsideFile(place, launcherText(path), undefined, mode);
  await print(`Wrote ${harmless(path)}.\n${await whatFollows(path)}`);
  return 0;
}

/** Which program the command `coven` now runs, according to PATH. */
async function whatFollows(path: string): Promise<string> {
  const { covens } = await installIn(process.env);
  const at = covens.findIndex((coven) => coven.path === path);
  const others = covens.filter(({ launcher }) => !launcher);
  const before = covens[0];
  if (at !== 0 || before === undefined) {
    const line = `export PATH=${quoted(resolve(path, '..'))}:"$PATH"`;
    const why = before === undefined ? 'its folder is not on PATH' : `${harmless(before.path)} comes first on PATH`;
    return `It has no effect yet: ${why}. Put its folder first:\n  ${line}\n`;
  }
  const next = others[0];
  return next
    ? `\`coven doctor\` now runs coven-doctor. Every other word goes to ${harmless(next.path)}.\n`
    : '`coven doctor` now runs coven-doctor, and `coven daemon` its own minimal daemon: no Coven follows on PATH.\n';
}

async function removeAt(place: OutsideFile): Promise<number> {
  if (!removeOutsideFile(place, isOurs)) return nothingAt(place.path);
  await print(`Removed ${harmless(place.path)}.\n`);
  return 0;
}

async function nothingAt(path: string): Promise<number> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute);
  const other = folders.find((folder) => launcherAt(join(folder, 'coven')));
  const hint = other && `There is one on PATH:\n  coven-doctor shim --remove --dir ${quoted(other)}\n`;
  await print(`There is no launcher at ${harmless(path)}.\n${hint ?? ''}`);
  return 0;
}

function refuse(path: string, why: string, remove: boolean): number {
  const hint = remove ? '' : 'Name a folder that comes before it on PATH: coven-doctor shim --dir DIR\n';
  process.stderr.write(`coven-doctor: ${harmless(path)} is left as it is: ${harmless(why)}\n${hint}`);
  return refused;
}
