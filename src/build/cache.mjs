// Makes the code caches of the files of code of one program for the V8 that runs this: runs the program once, and writes what V8 has
// compiled by its end. Usage: node src/build/cache.mjs CODE.js ENTRY NAMES WORD...   NAMES: those that are written, by commas
import { readFileSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { arch, argv, versions } from 'node:process';
import vm from 'node:vm';

const [node, , first, entry, names, ...words] = argv;
argv.splice(0, argv.length, node, first, ...words);
const requireBeside = createRequire(first);

function load(path) {
  if (requireBeside.cache[path]) return requireBeside.cache[path].exports;
  const script = new vm.Script(Module.wrap(readFileSync(path, 'latin1')), { filename: path });
  const own = new Module(path);
  own.filename = path;
  requireBeside.cache[path] = own;
  if (names.split(',').includes(basename(path).replace(/-[\da-f]{12}\.js$/, '')))
    process.once('exit', () => writeFileSync(`${path}.${arch}-${versions.v8}.cache`, script.createCachedData()));
  const requires = (id) =>
    /^\.\/[a-z]+-[\da-f]{12}\.js$/.test(id) ? load(join(dirname(path), id)) : requireBeside(id);
  script.runInThisContext()(own.exports, requires, own, path, dirname(path));
  return own.exports;
}

load(first).load(entry);
