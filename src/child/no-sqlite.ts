import { accessSync, constants, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { packageRoot } from '../package.ts';

/** What a program of ours answers first where SQLite does not load: the error of the one who tried. */
export interface NoSqliteLine {
  readonly noSqlite: string;
}

const dependency = 'better-sqlite3';

/** SQLite cannot be loaded: the message says why, and `command` is the shell line that repairs the installation. */
export class NoSqlite extends Error {
  readonly command: string;
  constructor(message: string, command: string) {
    super(message);
    this.command = command;
  }
}

/**
 * Why SQLite is not to be had, where the line of a child says so, or null. `line` is null for a child that ended before it
 * answered anything, as one does whose imports are not there.
 */
export function noSqliteOf(line: string | null): NoSqlite | null {
  if (line !== null && !line.startsWith('{"noSqlite":')) return null;
  const folder = installedIn();
  if (line === null && folder !== null) return null;
  const error = line === null ? '' : (JSON.parse(line) as NoSqliteLine).noSqlite;
  return new NoSqlite(reasonOf(error, folder), repairOf(folder));
}

/** The folder whose `node_modules` holds the package; null where it is not installed at all. */
function installedIn(): string | null {
  try {
    const manifest = createRequire(join(packageRoot, 'package.json')).resolve(`${dependency}/package.json`);
    return dirname(dirname(dirname(manifest)));
  } catch {
    return null;
  }
}

/** Source of the numbers: the message of Node's loader for an addon of another ABI. */
function reasonOf(error: string, folder: string | null): string {
  const [found, needed] = [...error.matchAll(/NODE_MODULE_VERSION (\d{1,9})/g)].map(([, number]) => number);
  if (found !== undefined && needed !== undefined)
    return `SQLite cannot be loaded: ${dependency} was built for Node ABI ${found}, and this is Node ${process.versions.node} with ABI ${needed}`;
  if (folder === null) return `SQLite cannot be loaded: ${dependency} is not installed`;
  if (error.startsWith('Cannot find module'))
    return `SQLite cannot be loaded: the native part of ${dependency} is missing (this is Node ${process.versions.node}, ABI ${process.versions.modules})`;
  // The loader names the file by its whole path.
  const [line = ''] = error.split('\n', 1);
  return `SQLite cannot be loaded: ${line.slice(line.lastIndexOf('/') + 1)}`;
}

/** npm may be told not to run the scripts of packages, which is how the native part comes to be missing. */
function repairOf(folder: string | null): string {
  const npm = folder
    ? `npm rebuild --ignore-scripts=false ${dependency}`
    : `npm install --no-save --ignore-scripts=false ${dependency}@${wanted()}`;
  return `cd ${quote(folder ?? packageRoot)} && ${sameNode()}${npm}`;
}

function wanted(): string {
  const { optionalDependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  return optionalDependencies[dependency];
}

/** npm runs on the first `node` of PATH, and builds for that one: empty where it is ours, else an assignment before npm. */
function sameNode(): string {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const first = folders.map((folder) => join(folder, 'node')).find(isExecutable);
  if (first && realpathSync(first) === realpathSync(process.execPath)) return '';
  return `PATH=${quote(dirname(process.execPath))}:"$PATH" `;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const quote = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
