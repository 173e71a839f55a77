import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import Module from 'node:module';
import vm from 'node:vm';
import { shareCodeCache } from '../child/code-cache.ts';
import { codeCacheFolder } from './code-cache.ts';
import { keepCode, keptCode } from './kept-code.ts';

/*
 * The first lines of every program of `dist`, which load its code by the shortest way: on a small home a diagnosis spends
 * more time on compiling than on looking. `src/build/build.mjs` compiles this file once, and fills in what is declared here.
 */

/** The file beside this one that the program's code is in, and the module in it that is begun with. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the build fills them in.
const [code, entry, program] = ['${CODE}', '${ENTRY}', '${PROGRAM}'] as const;

interface Code {
  readonly load: (id: string) => unknown;
}

/** Node has it since 22.1. */
const { enableCompileCache } = Module as { readonly enableCompileCache?: (folder: string) => unknown };

/** Bits of a mode by which others may write. */
const writableByOthers = 0o022;

/** A file of code beside this one. Source: src/build/build.mjs. */
const ofCode = /^\.\/[a-z]+-[\da-f]{12}\.js$/;

function load(path: string): Code {
  const known = require.cache[path];
  if (known) return known.exports as Code;
  const beside = shipped(path);
  const folder = beside ? null : cacheFolder();
  if (!beside && folder === null) return require(path) as Code;
  const source = beside?.source ?? readFileSync(path, 'latin1');
  const cachedData = beside?.cachedData ?? (folder === null ? null : keptCode(folder, path)) ?? undefined;
  const script = new vm.Script(Module.wrap(source), { filename: path, ...(cachedData && { cachedData }) });
  if (folder !== null && (!cachedData || script.cachedDataRejected)) toKeep.set(path, script);
  // As `require` would have made it, so that other files of `dist` that require it get this one.
  const own = new Module(path);
  own.filename = path;
  require.cache[path] = own;
  const plain = Module.createRequire(path);
  const requires = (id: string): unknown => (ofCode.test(id) ? load(`${__dirname}/${id.slice(2)}`) : plain(id));
  script.runInThisContext()(own.exports, requires, own, path, __dirname);
  return own.exports as Code;
}

/** Files of code that were compiled without a cache. */
const toKeep = new Map<string, vm.Script>();

let chosen: { readonly folder: string | null } | undefined;

/** Where what is compiled from now on is kept, by Node, too; null where there is no safe place for it. */
function cacheFolder(): string | null {
  if (chosen) return chosen.folder;
  const folder = process.argv.length > 1 ? codeCacheFolder(process.argv.slice(2), process.env) : null;
  chosen = { folder };
  if (folder === null) return null;
  enableCompileCache?.(folder);
  if (enableCompileCache) shareCodeCache(folder);
  process.once('exit', () => {
    // A run that needed little of the code would leave little for the next one.
    const isWhole = [...toKeep.keys()].some((path) => /\/code-[^/]*$/.test(path));
    for (const [path, script] of toKeep) if (isWhole || !/\/first-[^/]*$/.test(path)) keepCode(folder, path, script);
  });
  return folder;
}

/**
 * The code with what V8 had compiled of it when the package was made, where that was by the very same V8. V8 itself compares only its
 * version's first numbers and the length of the text, and runs what it is given: the cache counts only where it is
 * guarded as well as the code.
 */
function shipped(path: string): { readonly source: string; readonly cachedData: Buffer } | null {
  try {
    const cache = read(`${path}.${process.arch}-${process.versions.v8}.cache`);
    const code = read(path);
    if (cache.uid !== code.uid || (cache.writable & ~code.writable) !== 0) return null;
    return { source: code.bytes.toString('latin1'), cachedData: cache.bytes };
  } catch {
    return null;
  }
}

function read(path: string): { readonly bytes: Buffer; readonly uid: number; readonly writable: number } {
  const fd = openSync(path, 'r');
  try {
    const { uid, mode } = fstatSync(fd);
    return { bytes: readFileSync(fd), uid, writable: mode & writableByOthers };
  } finally {
    closeSync(fd);
  }
}

try {
  load(`${__dirname}/${code}`).load(entry);
} catch (error) {
  const why = error instanceof Error && 'code' in error ? error.code : error;
  process.stderr.write(
    `${program}: it cannot be loaded (${why}); check the limit of open files and the installation\n`,
  );
  process.exitCode = 2;
}
