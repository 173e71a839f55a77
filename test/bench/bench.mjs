// `npm run bench`: starts beside `node -e 0` and real Coven's own doctor (REAL_COVEN names it), then what sizes cost, beside the sqlite3
// shell, `cp -a` and `sha256sum`. Prints tables, and writes them to bench.json and bench.svg.
// Linux with bash.
// Usage: npm run bench -- [--only start,ledger,sessions,files,entries,processes] [--largest GB] [--runs N] [--out DIR]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, execPath, getuid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addEntries, addFiles, makeHome, startProcesses } from './homes.mjs';
import { inTurn, machine, table } from './measure.mjs';
import { plot } from './plot.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'start,ledger,sessions,files,entries,processes' },
    largest: { type: 'string', default: '10' },
    runs: { type: 'string', default: '20' },
    out: { type: 'string', default: 'test/bench' },
  },
});
const [runs, largest] = [Number(values.runs), Number(values.largest)];
const isWanted = (name) => values.only.split(',').includes(name);
const doctor = fileURLToPath(new URL('../../dist/coven-doctor.js', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'doctor-bench-'));
const user = join(scratch, 'user');
mkdirSync(user, { mode: 0o700 });
const real = env.REAL_COVEN;
const file = join(values.out, 'bench.json');
/** What is not measured in this run stays from an earlier one, with the load that it was measured at. */
const earlier = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { tables: {}, series: {} };
const found = { machine: machine(), tables: earlier.tables, series: earlier.series };
const addSeries = (name, points) => {
  found.series[name] = points;
};

const ours = (name, words, home, more = {}) => ({
  name,
  command: [execPath, doctor, ...words],
  env: { HOME: user, COVEN_HOME: home, ...more },
});
const plain = (name, ...command) => ({ name, command, env: { HOME: user } });
const node = plain('node -e 0', execPath, '-e', '0');

async function compare(name, commands, options = {}) {
  const rows = await inTurn(commands, { runs, ...options });
  found.tables[name] = { load: machine().load, rows };
  table(name, rows);
  return rows;
}

async function start() {
  const none = join(scratch, 'none');
  await compare('no home', [
    node,
    ours('coven-doctor --help', ['--help'], none),
    ours('coven-doctor --version', ['--version'], none),
    ours('coven-doctor completion bash', ['completion', 'bash'], none),
    ours('coven-doctor', [], none),
  ]);
  const { home } = makeHome(join(scratch, 'start'), {});
  await compare('stopped', [node, ours('coven-doctor', [], home)]);
  if (!real) return console.log('REAL_COVEN is not set: no running daemon and no rehearsal is measured');
  const bin = join(scratch, 'bin');
  mkdirSync(bin);
  spawnSync('ln', ['-s', real, join(bin, 'coven')]);
  const withCoven = { PATH: `${bin}:${env.PATH}` };
  const covens = join(scratch, 'covens');
  const coven = (...words) => spawnSync(real, words, { env: { PATH: env.PATH, HOME: user, COVEN_HOME: covens } });
  const peer = {
    name: 'real coven doctor --json',
    command: [real, 'doctor', '--json'],
    env: { HOME: user, COVEN_HOME: covens },
  };
  coven('daemon', 'start');
  await compare('running', [node, ours('coven-doctor', [], covens, withCoven), peer]);
  coven('daemon', 'stop');
  await compare('stopped, with Coven on PATH', [node, ours('coven-doctor', [], covens, withCoven), peer]);
}

/** Fewer turns of what takes long. */
const turnsFor = (size, of) => (size > 0.3 * of ? 1 : size > 0.03 * of ? 3 : Math.min(runs, 7));

/** Diagnoses homes of several sizes in turn; their first is what the others are compared with. */
async function sizes(name, homes) {
  const turns = Math.min(runs, 7);
  const rows = await compare(
    name,
    homes.map(({ label, home }) => ours(label, [], home)),
    { runs: turns },
  );
  addSeries(
    name,
    homes.map(({ size }, index) => [size, rows[index].ms]),
  );
}

async function ledgers() {
  const homes = [0.001, 0.01, 0.1, 1, 5, 10]
    .filter((gigabytes) => gigabytes <= largest)
    .map((gigabytes) => {
      const made = makeHome(join(scratch, `ledger-${gigabytes}`), {
        sessions: 100,
        events: Math.round(gigabytes * 390_000),
        bytes: 2300,
      });
      return { label: `ledger of ${(made.bytes / 1e6).toFixed(0)} MB`, size: gigabytes, home: made.home };
    });
  await sizes('ledger', homes);
  const deep = [];
  const proven = [];
  const bundles = [];
  for (const { label, size, home } of homes) {
    const turns = turnsFor(size, largest);
    const ledger = join(home, 'coven.sqlite3');
    const shell = plain('sqlite3 integrity_check', 'sqlite3', '-readonly', ledger, 'PRAGMA integrity_check');
    const rows = await compare(`${label}: whole`, [shell, ours('coven-doctor --deep', ['--deep'], home)], {
      runs: turns,
    });
    deep.push([size, rows[1].ms]);
    const copies = join(scratch, 'copies');
    const tidy = () => {
      rmSync(copies, { recursive: true, force: true });
      rmSync(join(home, 'doctor'), { recursive: true, force: true });
      for (const name of readdirSync(scratch).filter((name) => name.endsWith('.zip'))) rmSync(join(scratch, name));
    };
    const words = 'cp -a "$0" "$1" && sync -f "$1" && sha256sum "$0"/* && sha256sum "$1"/*';
    const backup = await compare(
      `${label}: backup with proof`,
      [
        plain('cp -a, sync and sha256sum twice', 'sh', '-c', words, home, copies),
        ours('coven-doctor backup create', ['backup', 'create'], home),
      ],
      { runs: Math.min(turns, 3), after: tidy },
    );
    proven.push([size, backup[1].ms]);
    const bundle = await compare(
      `${label}: bundle`,
      [node, ours('coven-doctor bundle', ['bundle', '-o', join(scratch, 'b.zip'), '--force'], home)],
      {
        runs: Math.min(turns, 3),
        after: tidy,
      },
    );
    bundles.push([size, bundle[1].ms]);
  }
  addSeries('--deep', deep);
  addSeries('backup create', proven);
  addSeries('bundle', bundles);
  for (const { home } of homes) rmSync(home, { recursive: true });
}

async function sessions() {
  const homes = [10, 1000, 100_000, 1_000_000].map((count) => ({
    label: `${count.toLocaleString('en')} sessions`,
    size: count,
    home: makeHome(join(scratch, `sessions-${count}`), { sessions: count, events: count, bytes: 100 }).home,
  }));
  await sizes('sessions and events', homes);
  for (const { home } of homes) rmSync(home, { recursive: true });
}

async function files(name, counts, add) {
  const homes = counts.map((count) => {
    const { home } = makeHome(join(scratch, `${name}-${count}`), {});
    add(home, count);
    return { label: `${count.toLocaleString('en')} ${name}`, size: count, home };
  });
  await sizes(name, homes);
  for (const { home } of homes) rmSync(home, { recursive: true });
}

async function processes() {
  const { home } = makeHome(join(scratch, 'processes'), {});
  const points = [];
  for (const count of [50, 500, 3000, 15_000]) {
    const end = await startProcesses(count).catch((error) => console.log(`  ${error.message}`));
    if (!end) continue;
    try {
      const name = `${count.toLocaleString('en')} processes of this user's more`;
      const rows = await compare(name, [node, ours('coven-doctor', [], home)], { runs: Math.min(runs, 7) });
      points.push([count, rows[1].ms]);
    } finally {
      end();
    }
  }
  addSeries('processes', points);
}

try {
  console.log(
    `${Object.entries(found.machine)
      .map(([name, value]) => `${name} ${value}`)
      .join('; ')}${getuid() === 0 ? '; as root' : ''}`,
  );
  if (isWanted('start')) await start();
  if (isWanted('ledger')) await ledgers();
  if (isWanted('sessions')) await sessions();
  if (isWanted('files')) await files('files', [10, 1000, 20_000, 200_000], addFiles);
  if (isWanted('entries')) await files('entries', [10, 1000, 20_000, 200_000], addEntries);
  if (isWanted('processes')) await processes();
} finally {
  writeFileSync(file, `${JSON.stringify(found, null, 1)}\n`);
  const series = Object.entries(found.series).map(([name, points]) => ({ name, points }));
  if (series.length > 0)
    writeFileSync(
      join(values.out, 'bench.svg'),
      plot('Time of a default diagnosis, --deep, backup and bundle', series),
    );
  rmSync(scratch, { recursive: true, force: true });
}
