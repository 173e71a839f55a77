import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { byUniqueKey, explained } from './explained.ts';
import { type Mutant, mutantsOf } from './mutate.ts';

/** What is pure and decides: a mistake in it must be told by a table that runs in milliseconds. */
const targets = [
  'checks/',
  'src/repair/plan.ts',
  'src/model/remedy.ts',
  'src/repair/remedies/',
  'src/coven/liveness.ts',
  'src/coven/lifecycle.ts',
  'src/coven/rows.ts',
  'src/coven/gates.ts',
  'src/coven/silence.ts',
  'src/run/report.ts',
  'src/run/accepted.ts',
];
const tables = ['test/checks/', 'test/coven/', 'test/repair/plan.test.ts', 'test/report/'];

/** Longer than any table takes on a busy machine: only a mutant that never ends takes so long. */
const loopMs = 60_000;

export interface Score {
  readonly tried: number;
  readonly killed: number;
  readonly explained: readonly Mutant[];
  readonly survivors: readonly Mutant[];
}

const found = (paths: readonly string[], ending: string): readonly string[] =>
  paths
    .flatMap((path) => (path.endsWith('/') ? readdirSync(path).map((name) => path + name) : [path]))
    .filter((path) => path.endsWith(ending));

/** Every mutant of the pure parts, or `sample` of them, drawn by `seed`. */
export function chooseMutants(sample: number | null, seed: number): readonly Mutant[] {
  const all = found(targets, '.ts').flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')));
  if (sample === null) return all;
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const left = [...all];
  return Array.from({ length: Math.min(sample, left.length) }, () => left.splice(random() * left.length, 1)).flat();
}

const isExplained = ({ file, was, becomes }: Mutant): boolean =>
  (byUniqueKey.test(was) && was.replace('.find(', '.findLast(') === becomes) ||
  explained.some(
    (one) => one.file === file && one.mutants.some(([before, after]) => before === was && after === becomes),
  );

/** Tries each mutant against all tables. Throws where the tables fail on the code as it is. */
export async function tryMutants(mutants: readonly Mutant[], tell: (line: string) => void): Promise<Score> {
  const survivors: Mutant[] = [];
  let killed = 0;
  let worker = await startWorker();
  try {
    for (const mutant of mutants) {
      const answer = await worker.ask(JSON.stringify(mutant));
      if (answer === null) {
        worker.end();
        worker = await startWorker();
      }
      if (answer === null || (JSON.parse(answer) as { killed: boolean }).killed) killed += 1;
      else {
        survivors.push(mutant);
        if (!isExplained(mutant)) tell(`${mutant.file}:${mutant.line}  ${mutant.was}  ->  ${mutant.becomes}`);
      }
    }
  } finally {
    worker.end();
  }
  const known = survivors.filter(isExplained);
  return { tried: mutants.length, killed, explained: known, survivors: survivors.filter((one) => !isExplained(one)) };
}

async function startWorker() {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/mutants/worker.ts', ...found(tables, '.test.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string | null> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), loopMs);
    });
    const line = await Promise.race([lines.next(), late]);
    clearTimeout(timer);
    return line && !line.done ? line.value : null;
  };
  const ask = (line: string): Promise<string | null> => {
    child.stdin.write(`${line}\n`);
    return next();
  };
  const first = JSON.parse((await next()) ?? '{}') as { ready?: boolean; fault?: string };
  if (!first.ready) throw new Error(`the tables fail on the code as it is: ${first.fault ?? 'no answer'}`);
  return { ask, end: () => child.kill('SIGKILL') };
}
