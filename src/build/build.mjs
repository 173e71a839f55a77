// Makes `dist`. Programs of a diagnosis are CommonJS, packed into few files: on Node 20 each ES module costs a millisecond of
// resolving, and a diagnosis needs sixty of them. What is loaded now and then stays in files of its own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle, transform } from 'esbuild';
import { licencesOf } from './licences.mjs';
import { lighter } from './lighter.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');

/** Fixtures that make homes for training open ledgers as tests do; here they take the one door to SQLite as well. */
const door = join(root, 'src/child/sqlite.ts');
const throughTheDoor = {
  name: 'sqlite',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^better-sqlite3$/ }, ({ importer }) => {
      if (importer !== door) return { path: door };
      return isBuildable ? undefined : { path: 'better-sqlite3', namespace: 'absent' };
    });
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: "module.exports=function(){throw Error('better-sqlite3 is not installed')}",
    }));
  },
};

/** npm leaves an optional package out where it does not compile, and ends well. Node's own SQLite is used then, or none. */
const isBuildable = existsSync(join(root, 'node_modules/better-sqlite3/package.json'));

/** V8 makes a value of a text of JSON several times faster than of the same value in code, and its code cache is the smaller for it. */
const jsonAsText = {
  name: 'json',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/(?:coven|redaction\/templates)\/[\w.-]+\.json$/ }, ({ path }) => {
      const text = JSON.stringify(JSON.parse(readFileSync(path, 'utf8')));
      return { contents: `export default JSON.parse(${JSON.stringify(text)})`, loader: 'js' };
    });
  },
};

const words = join(root, 'src/cli/commands/check-words.ts');
/** Puts what that file exports in its place. */
const wordsAlone = {
  name: 'words',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/cli\/commands\/check-words\.ts$/ }, async () => {
      const options = {
        entryPoints: [words],
        bundle: true,
        platform: 'node',
        format: 'esm',
        write: false,
        plugins: [],
      };
      const { outputFiles } = await bundle(options);
      const { checkWords } = await import(
        `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
      );
      return { contents: `export const checkWords=${JSON.stringify(checkWords)}`, loader: 'js' };
    });
  },
};

/** yargs compares values by it; Node's own loads five files for that, which takes longer than the comparing. */
const shortAssert = {
  name: 'assert',
  setup({ onResolve }) {
    onResolve({ filter: /^assert$/ }, ({ importer }) =>
      /\/yargs\/lib\//.test(importer) ? { path: join(root, 'src/build/assert.ts') } : undefined,
    );
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
  alias: { 'string-width': './src/build/width.ts' },
  logLevel: 'warning',
  // In place of every `performance.now`.
  inject: [join(root, 'src/build/now.mjs')],
  metafile: true,
  plugins: [throughTheDoor, jsonAsText, wordsAlone, shortAssert, lighter],
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
const commands = { 'coven-doctor': 'src/coven-doctor.ts', coven: 'src/coven.ts' };

/**
 * What is loaded together is in one file of code, with a code cache of its own: what every command line begins with, the table of commands
 * and what is said of it, the reader of options, the default diagnosis with all that it imports, what it needs where a repair has
 * been, and what makes a bundle of it. What two of them need is in the first.
 */
const commandGroups = {
  first: [...Object.values(commands), 'src/cli/main.ts', 'src/cli/dispatch.ts'],
  words: ['src/cli/commands/index.ts', 'src/cli/help.ts', 'src/cli/version.ts', 'src/cli/completion.ts'],
  code: [
    'src/cli/commands/plain.ts',
    'src/cli/doctor.ts',
    'src/terminal/display.ts',
    'src/render/text.ts',
    'src/render/progress.ts',
    'src/host/ask.ts',
  ],
  parse: ['src/cli/commands/parse.ts', 'node_modules/yargs/index.mjs'],
  runs: ['src/repair/engine/see-runs.ts'],
  bundle: ['src/cli/bundle.ts'],
};

/** What is loaded only after others: what it needs of them stays in them. */
const after = { bundle: ['code', 'parse', 'runs'] };

/**
 * What opens ledgers, by its jobs. A diagnosis reads, beside a live daemon with what starts a process for the bytes, and tries to write to
 * what a rehearsal has left. Other jobs are loaded by themselves.
 */
const ledger = { ledger: 'src/store/program.ts' };
const ledgerGroups = {
  ledger: [ledger.ledger, 'src/store/jobs/read.ts'],
  beside: ['src/store/beside.ts'],
  bytes: ['src/store/jobs/bytes.ts'],
  trial: ['src/store/jobs/try-writing.ts'],
};

/** Other programs that are started as children (`ChildProgram`), each in one piece. */
const children = {
  system: 'src/host/system/program.ts',
  command: 'src/cli/archives/program.ts',
  text: 'src/host/text-program.ts',
  pack: 'src/packing/program.ts',
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

/** Builds programs of which parts are loaded when they are needed. `together` names the groups of what is in one file. */
async function buildParts(programs, together, mode) {
  const [first] = Object.keys(together);
  const { outputFiles, metafile } = await build({
    entryPoints: programs,
    // The same part of two programs needs files of other names.
    chunkNames: `${first}-[name]-[hash]`,
    format: 'esm',
    splitting: true,
    write: false,
  });
  const outputs = Object.entries(metafile.outputs);
  /** The files that a source is in with all that it imports at once. Of a package that is linked, esbuild names the real path. */
  const filesOf = (source) => {
    const [path] = outputs.find(([, { entryPoint }]) => `/${entryPoint}`.endsWith(`/${source}`)) ?? [];
    if (!path) throw new Error(`${source} is not loaded by itself any more`);
    const found = new Set([path]);
    for (const one of found)
      for (const { kind, path: next } of metafile.outputs[one].imports)
        if (kind === 'import-statement' && metafile.outputs[next]) found.add(next);
    return [...found];
  };
  /** Which file of code a file of esbuild's is in. */
  const groupOf = new Map();
  for (const [group, sources] of Object.entries(together))
    for (const path of new Set(sources.flatMap(filesOf)))
      groupOf.set(basename(path), shared(groupOf.get(basename(path)), group));

  /** The group of what two need. */
  function shared(one, other) {
    if (one === undefined || after[other]?.includes(one)) return one ?? other;
    return first;
  }

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
  const hash = hashOf([...groupOf.keys()].map((name) => texts.get(name)).join('\n'));
  const fileOf = (name) => `./${groupOf.get(name)}-${hash}.js`;
  for (const group of Object.keys(together)) {
    const own = [...groupOf].flatMap(([name, its]) => (its === group ? [name] : []));
    const table = own.map((name) => `${JSON.stringify(`./${name}`)}(module,exports,require){${texts.get(name)}}`);
    const others = [...groupOf.keys()].filter((name) => !own.includes(name));
    const elsewhere = Object.fromEntries(others.map((name) => [`./${name}`, fileOf(name)]));
    const code = `const importMetaUrl=${here},made={},elsewhere=${JSON.stringify(elsewhere)},table={${table.join(',')}};
const load=exports.load=(id)=>{
if(made[id])return made[id].exports;
if(Object.hasOwn(elsewhere,id))return require(elsewhere[id]).load(id);
if(!Object.hasOwn(table,id))return require(id);
const own=made[id]={exports:{}};
table[id](own,own.exports,load);
return own.exports};`;
    writeFileSync(join(dist, `${group}-${hash}.js`), code);
  }
  for (const [name, text] of texts) {
    if (groupOf.has(name)) continue;
    const rest = text.replace(/\brequire\("\.\/([^"]+)"\)/g, (call, id) =>
      groupOf.has(id) ? `require("${fileOf(id)}").load("./${id}")` : call,
    );
    writeFileSync(join(dist, name), `const importMetaUrl=${here};${rest}`);
  }
  for (const name of Object.keys(programs)) await writeProgram(name, `${first}-${hash}.js`, `./${name}.js`, mode);
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
writeFileSync(join(dist, 'package.json'), '{"type":"commonjs"}\n');
copyFileSync(join(root, 'fixtures/double.mjs'), join(dist, 'double.mjs'));
await Promise.all([
  buildChildren(),
  buildModules(),
  buildParts(commands, commandGroups, 0o755),
  buildParts(ledger, ledgerGroups),
]);
writeFileSync(join(dist, 'THIRD-PARTY-LICENCES.txt'), licencesOf([...bundled], root));
spawnSync(process.execPath, [join(root, 'src/build/caches.mjs')], { stdio: 'inherit' });
