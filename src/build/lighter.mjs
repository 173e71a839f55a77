/**
 * Modules of packages that cost more than they give. `readable-stream` is a copy of Node's own streams, 260 KB of code that is loaded
 * whenever a bundle is made. secretlint measures its speed at every text, keeps each mark, and looks through all of them
 * at the next. Node computes checksums ten times faster than JavaScript; a first one is handed over as something else than a number.
 * Node's crypto takes a fiftieth of a diagnosis to load, and most diagnoses compute no digest.
 */
const instead = {
  'readable-stream': "module.exports=require('node:stream')",
  'readable-stream/passthrough': "module.exports=require('node:stream').PassThrough",
  '@secretlint/profiler': 'export const secretLintProfiler={mark(){}}',
  'node:crypto': ['createHash', 'createHmac', 'randomBytes', 'randomUUID']
    .map((name) => `export const ${name}=(...given)=>process.getBuiltinModule('node:crypto').${name}(...given);`)
    .join('\n'),
  'crc-32': "const {crc32}=require('node:zlib');exports.buf=(bytes,before)=>crc32(bytes,Number(before)>>>0)",
};
/** A plugin of esbuild. */
export const lighter = {
  name: 'lighter',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:readable-stream|@secretlint\/profiler|crc-32)/ }, ({ path }) =>
      path in instead ? { path, namespace: 'lighter' } : undefined,
    );
    onResolve({ filter: /^node:crypto$/ }, ({ path, importer }) =>
      /\/node_modules\//.test(importer) ? undefined : { path, namespace: 'lighter' },
    );
    onLoad({ filter: /.*/, namespace: 'lighter' }, ({ path }) => ({ contents: instead[path] }));
  },
};
