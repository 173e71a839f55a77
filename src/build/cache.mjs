// Makes the code cache of one file of code for the V8 that runs this: runs the program once, and writes what V8 has compiled
// by its end. Usage: node src/build/cache.mjs CODE.js ENTRY WORD...
import { readFileSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { arch, argv, versions } from 'node:process';
import vm from 'node:vm';

const [node, , path, entry, ...words] = argv;
argv.splice(0, argv.length, node, path, ...words);
const require = createRequire(path);
const script = new vm.Script(Module.wrap(readFileSync(path, 'latin1')), { filename: path });
const own = new Module(path);
own.filename = path;
require.cache[path] = own;
process.once('exit', () => writeFileSync(`${path}.${arch}-${versions.v8}.cache`, script.createCachedData()));
script.runInThisContext()(own.exports, require, own, path, dirname(path));
own.exports.load(entry);
