// What the bench measures with: commands in turn, their time on the wall and of processor, and the memory of all their processes.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { argv, env, version } from 'node:process';

export const round = (value, digits = 1) => Number(value.toFixed(digits));

/** Resident kilobytes of a process and all below it. Linux. */
function memoryOf(pid) {
  try {
    const [, own = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    const below = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return below.reduce((sum, child) => sum + memoryOf(child), Number(own));
  } catch {
    return 0;
  }
}

/** Seconds of processor time from the last line of `times`, which is of what has ended; that of bash tells milliseconds. */
const cpuOf = (text) =>
  (text.trim().split('\n').at(-1) ?? '').split(' ').reduce((sum, time) => {
    const [minutes, seconds] = time.split('m');
    return sum + Number(minutes) * 60 + Number.parseFloat(seconds);
  }, 0);

/** Runs a command once. Its own outcome does not count: a home for a bench has its faults. */
export function once(command, more) {
  const start = performance.now();
  const { stderr } = spawnSync('bash', ['-c', '"$@" >/dev/null 2>&1; times >&2', 'bash', ...command], {
    env: { PATH: env.PATH, ...more },
    encoding: 'utf8',
  });
  return { ms: performance.now() - start, cpu: cpuOf(stderr) * 1000 };
}

/** The most that a command and its children had in memory at the same time, in MB, looked at every 3 ms. */
export async function peak(command, more) {
  const child = spawn(command[0], command.slice(1), { env: { PATH: env.PATH, ...more }, stdio: 'ignore' });
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, memoryOf(child.pid));
  }, 3);
  await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(timer);
  return round(most / 1024, 0);
}

const sorted = (list) => [...list].sort((a, b) => a - b);
const at = (list, part) => sorted(list)[Math.min(list.length - 1, Math.floor(list.length * part))];

/**
 * Commands in turn, `runs` times after one that does not count. Of each: median, first and third quarter of the wall time in ms, median
 * of processor time, the median of its ratios to the first command of the same turn, and its peak of memory in MB.
 */
export async function inTurn(commands, { runs, after = () => undefined }) {
  const taken = commands.map(() => []);
  for (let run = 0; run <= runs; run += 1) {
    for (const [index, { command, env: more }] of commands.entries()) {
      const found = once(command, more);
      if (run > 0 || runs === 0) taken[index].push(found);
      after();
    }
  }
  const rows = [];
  for (const [index, { name, command, env: more }] of commands.entries()) {
    const of = (what) => taken[index].map((one) => one[what]);
    const ratio = (what) =>
      at(
        taken[index].map((one, run) => one[what] / taken[0][run][what]),
        0.5,
      );
    rows.push({
      name,
      ms: round(at(of('ms'), 0.5)),
      quarters: [round(at(of('ms'), 0.25)), round(at(of('ms'), 0.75))],
      cpuMs: round(at(of('cpu'), 0.5)),
      ratio: round(ratio('ms'), 2),
      cpuRatio: round(ratio('cpu'), 2),
      peakMb: await peak(command, more),
    });
    after();
  }
  return rows;
}

export const machine = () => ({
  cpu: `${cpus().length} x ${cpus()[0]?.model}`,
  memoryGb: round(totalmem() / 1e9),
  system: `Linux ${release()}`,
  node: version,
  load: loadavg().map((value) => round(value)),
  command: ['node', ...argv.slice(1).map((word) => word.replace(/^.*\/test\//, 'test/'))].join(' '),
});

export function table(title, rows) {
  console.log(`\n${title}`);
  for (const { name, ms, quarters, cpuMs, ratio, cpuRatio, peakMb } of rows)
    console.log(
      `  ${name.padEnd(34)} ${String(ms).padStart(9)} ms (${quarters.join(' to ')})  ${String(cpuMs).padStart(8)} ms cpu  ${ratio.toFixed(2).padStart(7)} x ${cpuRatio.toFixed(2).padStart(7)} x cpu ${String(peakMb).padStart(5)} MB`,
    );
}
