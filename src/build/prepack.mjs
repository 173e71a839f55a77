// Adds to `dist` what is published and nothing here needs: the types of what checks of others import, and the manual page.
// Usage: node src/build/prepack.mjs [FOLDER]   the package's folder; by default this one
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { argv, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const target = resolve(argv[2] ?? root);
const types = join(target, 'dist', 'types');

/** Of a specifier of one of our own files, which the sources write with their real ending. */
const ownImport = /(["'])(\.{1,2}\/[^"']+)\.ts\1/g;

function importsOf(file) {
  return [...readFileSync(file, 'utf8').matchAll(ownImport)].map(([, , path]) => join(dirname(file), `${path}.d.ts`));
}

/** Every file that one leads to. */
function reachable(first) {
  const found = new Set([first]);
  for (const file of found) for (const next of importsOf(file)) found.add(next);
  return found;
}

rmSync(types, { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
execFileSync(execPath, [tsc, '-p', join(root, 'src', 'tsconfig.types.json'), '--outDir', types], { stdio: 'inherit' });
const needed = reachable(join(types, 'src', 'index.d.ts'));
for (const name of readdirSync(types, { recursive: true })) {
  const file = join(types, name);
  if (file.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
}
// Types of observations are derived from schemas of valibot, which is in the bundle and is not installed beside it.
const valibot = join(types, 'valibot.d.ts');
for (const file of needed) {
  const from = relative(dirname(file), valibot).replace(/\.d\.ts$/, '.js');
  const text = readFileSync(file, 'utf8')
    .replace(ownImport, '$1$2.js$1')
    .replace(/(["'])valibot\1/g, `$1${from}$1`);
  writeFileSync(file, text);
}
const { version } = JSON.parse(readFileSync(join(root, 'node_modules/valibot/package.json'), 'utf8'));
const declared = readFileSync(join(root, 'node_modules/valibot/dist/index.d.mts'), 'utf8');
writeFileSync(valibot, `// valibot ${version}; its licence is in ../THIRD-PARTY-LICENCES.txt.\n${declared}`);
// The modules that they describe are ES modules, unlike the programs in `dist`.
writeFileSync(join(types, 'package.json'), '{"type":"module"}\n');

const program = join(target, 'dist', 'coven-doctor.js');
if (!existsSync(program)) throw new Error(`${program} is not built`);
mkdirSync(join(target, 'man'), { recursive: true });
writeFileSync(join(target, 'man', 'coven-doctor.1'), execFileSync(execPath, [program, 'man']));
