// Makes `dist`. Programs of a diagnosis are CommonJS, packed into few files: on Node 20 each ES module costs a millisecond of
// resolving, and a diagnosis needs sixty of them. What is loaded now and then stays in files of its own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle, transform } from 'esbuild';
import { licencesOf } from './licences.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');

/** Fixtures that make homes for training open ledgers as tests do; here they take the one door to SQLite as well. */
const door = join(root, 'src/child/sqlite.ts');
const throughTheDoor = {
  name: 'sqlite',
  setup({ onResolve }) {
    onResolve({ filter: /^better-sqlite3$/ }, ({ importer }) => (importer === door ? undefined : { path: door }));
  },
};

const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  outdir: dist,
  // Of better-sqlite3 the native part alone is loaded from its package, by its path; `bindings` would look for it.
  external: ['bindings', 'osx-temperature-sensor', '@lydell/node-pty'],
  alias: { 'string-width': './src/cli/width.ts' },
  logLevel: 'warning',
  metafile: true,
  plugins: [throughTheDoor],
};

/** Every file that went into `dist`. */
const bundled = new Set();

async function build(options) {
  const result = await bundle({ ...common, ...options });
  for (const { inputs } of Object.values(result.metafile.outputs))
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) if (bytesInOutput > 0) bundled.add(file);
  return result;
}

/** What users call. */
const programs = { 'coven-doctor': 'src/coven-doctor.ts', coven: 'src/coven.ts' };

/** What those are begun with on a default diagnosis; with all that these import, it is in one file. */
const always = [
  'cli/main',
  'cli/dispatch',
  'cli/commands/plain',
  'cli/doctor',
  'render/text',
  'render/progress',
  'host/ask',
];

/** Programs that are started as children (`ChildProgram`). */
const children = {
  reader: 'src/store/reader.ts',
  mender: 'src/store/mender.ts',
  judge: 'src/sqlite/program.ts',
  rescue: 'src/rescue/program.ts',
  system: 'src/host/system/program.ts',
  command: 'src/cli/isolated-program.ts',
  text: 'src/host/text-program.ts',
  pack: 'src/cli/pack-program.ts',
  ledger: 'src/backup/ledger/program.ts',
};

/** ES modules, since modules of others import them, or are imported by them. */
const modules = { index: 'src/index.ts', plugin: 'src/plugins/program.ts', 'plugin-hooks': 'src/plugins/hooks.ts' };

/** Of a file in CommonJS. Names of chunks have a hash of their content in them, so they are never used for anything else. */
const here = "require('node:url').pathToFileURL(__filename).href";
const asCommonJs = { format: 'cjs', define: { 'import.meta.url': 'importMetaUrl' } };

const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** The first lines of every program, in which the names of files are still to be filled in. */
const start = build({ entryPoints: ['src/start/start.ts'], format: 'cjs', write: false }).then(
  ({ outputFiles: [{ text }] }) => text,
);

/** Writes the first lines of a program. */
async function writeProgram(name, codeName, entry, mode = 0o644) {
  const filled = Object.entries({ CODE: codeName, ENTRY: entry, PROGRAM: name });
  const text = filled.reduce((text, [word, value]) => text.replaceAll(`\${${word}}`, value), await start);
  // What users call is started by its name.
  writeFileSync(join(dist, `${name}.js`), mode === 0o755 ? `#!/usr/bin/env node\n${text}` : text, { mode });
}

async function buildChildren() {
  const { outputFiles } = await build({
    ...asCommonJs,
    entryPoints: children,
    write: false,
  });
  for (const { path, text } of outputFiles) {
    const name = basename(path, '.js');
    const code = `const importMetaUrl=${here};exports.load=()=>{${text}}`;
    const codeName = `${name}-${hashOf(code)}.js`;
    writeFileSync(join(dist, codeName), code);
    await writeProgram(name, codeName, '');
  }
}

const buildModules = () =>
  build({ entryPoints: modules, format: 'esm', outExtension: { '.js': '.mjs' }, splitting: true });

async function buildPrograms() {
  const { outputFiles, metafile } = await build({
    entryPoints: programs,
    format: 'esm',
    splitting: true,
    write: false,
  });
  const outputs = Object.entries(metafile.outputs);
  const begins = [...Object.values(programs), ...always.map((name) => `src/${name}.ts`)].map((source) => {
    const [path] = outputs.find(([, { entryPoint }]) => entryPoint === source) ?? [];
    if (!path) throw new Error(`${source} is not loaded by itself any more`);
    return path;
  });
  const hot = new Set();
  const add = (path) => {
    if (hot.has(path) || !metafile.outputs[path]) return;
    hot.add(path);
    for (const { kind, path: next } of metafile.outputs[path].imports) if (kind === 'import-statement') add(next);
  };
  begins.forEach(add);

  const texts = new Map();
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text.replace(/^#!.*\n/, ''), {
      ...asCommonJs,
      minify: true,
      platform: 'node',
      target: 'node20',
      supported: { 'dynamic-import': false },
    });
    texts.set(basename(path), code);
  }
  const hotNames = new Set([...hot].map((path) => basename(path)));
  const table = [...hotNames].map(
    (name) => `${JSON.stringify(`./${name}`)}(module,exports,require){${texts.get(name)}}`,
  );
  const code = `const importMetaUrl=${here},made={},table={${table.join(',')}};
const load=exports.load=(id)=>{
if(made[id])return made[id].exports;
if(!Object.hasOwn(table,id))return require(id);
const own=made[id]={exports:{}};
table[id](own,own.exports,load);
return own.exports};`;
  const codeName = `code-${hashOf(code)}.js`;
  for (const [name, text] of texts) {
    if (hotNames.has(name)) continue;
    const rest = text.replace(/\brequire\("(\.\/[^"]+)"\)/g, (call, id) =>
      hotNames.has(id.slice(2)) ? `require("./${codeName}").load("${id}")` : call,
    );
    writeFileSync(join(dist, name), `const importMetaUrl=${here};${rest}`);
  }
  writeFileSync(join(dist, codeName), code);
  for (const name of Object.keys(programs)) await writeProgram(name, codeName, `./${name}.js`, 0o755);
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
writeFileSync(join(dist, 'package.json'), '{"type":"commonjs"}\n');
copyFileSync(join(root, 'fixtures/double.mjs'), join(dist, 'double.mjs'));
await Promise.all([buildChildren(), buildModules(), buildPrograms()]);
writeFileSync(join(dist, 'THIRD-PARTY-LICENCES.txt'), licencesOf([...bundled], root));
spawnSync(process.execPath, [join(root, 'src/build/caches.mjs')], { stdio: 'inherit' });
