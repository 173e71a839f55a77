// `npm run battery:clean`: bundles of homes in which nothing is secret, each with random environments whose values are
// often words of the bundle itself. None may be withheld or reduced. `-- 20 5` takes 20 homes with 5 environments each, and
// `-- 200 20 2/4` the second quarter of them. A process of its own makes all bundles of some homes, as the command does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { lighter } from '../../src/build/lighter.mjs';

const [homes = '200', environments = '20', part = '1/1'] = process.argv.slice(2);
const seed = Number(process.env.COVEN_DOCTOR_SEED ?? 1);
const [number = 1, parts = 1] = part.split('/').map(Number);
/** Homes that one process takes. */
const batch = 20;
const worker = fileURLToPath(new URL('../../node_modules/.cache/clean-worker.cjs', import.meta.url));
// As the product is built: secretlint as it comes takes the longer the more texts it has read.
await build({
  entryPoints: [fileURLToPath(new URL('clean-worker.ts', import.meta.url))],
  outfile: worker,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['better-sqlite3', '@lydell/node-pty', 'osx-temperature-sensor'],
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
  plugins: [lighter],
});
const counts = { made: 0, reduced: 0, withheld: 0 };
const firsts = Array.from({ length: Math.ceil(Number(homes) / batch) }, (_, index) => index * batch).filter(
  (_, index) => index % parts === number - 1,
);

async function run(): Promise<void> {
  for (let first = firsts.shift(); first !== undefined; first = firsts.shift()) {
    const last = Math.min(first + batch, Number(homes));
    const words = [worker, String(seed), String(first), String(last), environments];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    let text = '';
    child.stdio[3]?.on('data', (bytes) => {
      text += bytes;
    });
    const [code] = await once(child, 'close');
    const lines = text.split('\n').filter((line) => line !== '');
    if (code !== 0 || lines.length !== (last - first) * Number(environments))
      throw new Error(`homes ${first} to ${last}: exit ${code} after ${lines.length} bundles`);
    for (const line of lines) {
      const { isWithheld, reduced } = JSON.parse(line);
      counts.made += 1;
      counts.withheld += isWithheld ? 1 : 0;
      counts.reduced += reduced.length > 0 ? 1 : 0;
      if (isWithheld || reduced.length > 0) console.log(line);
    }
  }
}
const total = firsts.length;
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 2) }, run));
console.log(
  `${counts.made} bundles, part ${part} of ${homes} homes (${total} batches): ${counts.withheld} withheld, ${counts.reduced} reduced`,
);
if (counts.withheld + counts.reduced > 0) process.exitCode = 1;
