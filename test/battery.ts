// `npm run battery`: every fault of the library, made and diagnosed, and what real Coven's own doctor says of the same
// fault where REAL_COVEN names it; `npm run battery -- NAME…` takes the faults of these names alone. Then the
// healthy homes. Exit 1 where a fault is missed, more is found than there is, or a run takes too long.
import { type Diagnosis, diagnose } from '../fixtures/diagnose.ts';
import { defineFault } from '../fixtures/faults/fault.ts';
import { type Fault, faults, whyNot } from '../fixtures/faults/index.ts';
import { healthy } from '../fixtures/healthy/index.ts';
import { stagings } from '../fixtures/healthy/variant.ts';
import { makeHome } from '../fixtures/home.ts';
import { findRealCoven } from '../fixtures/real-coven.ts';
import { askRealDoctor, judgeReal, type RealAnswer, type RealWord } from '../fixtures/real-doctor.ts';
import { makeScratch } from '../fixtures/scratch.ts';
import { stageFault } from '../fixtures/staged.ts';

/** Milliseconds of a whole diagnosis: the default of --timeout. */
const deadlineMs = 20_000;

interface Outcome {
  readonly missed: readonly string[];
  readonly extra: readonly string[];
  readonly ms: number;
}

/** What was found of what was to be found. */
function compare({ faults: found, document }: Diagnosis, expected: readonly string[]): Outcome {
  return {
    missed: expected.filter((line) => !found.includes(line)),
    extra: found.filter((line) => !expected.includes(line)),
    ms: document.run.durationMs,
  };
}

/** A fault that cannot be made, or a run that breaks a promise, is one that is missed. */
async function diagnosed(fault: Fault): Promise<Outcome> {
  try {
    await using staged = await stageFault(fault);
    return compare(await diagnose(staged.home, staged.circumstances), fault.expect);
  } catch (error) {
    return { missed: [error instanceof Error ? error.message : String(error)], extra: [], ms: 0 };
  }
}

const told = ({ missed, extra }: Outcome): string =>
  [...missed.map((line) => `MISSED ${line}`), ...extra.map((line) => `EXTRA ${line}`)].join('; ') || 'exactly that';

const print = (...cells: readonly (string | number)[]): void => {
  const widths = [36, 42, 14, 7];
  console.log(
    cells
      .map((cell, index) => String(cell).padEnd(widths[index] ?? 0))
      .join(' ')
      .trimEnd(),
  );
};

const words = process.argv.slice(2);
const asked = words.filter((word, index) => word !== '--seed' && words[index - 1] !== '--seed');
const real = findRealCoven();
const binary = 'path' in real ? real.path : null;

async function askReal(fault: Fault): Promise<RealAnswer | null> {
  if (binary === null) return null;
  await using staged = await stageFault(fault);
  return await askRealDoctor(binary, staged);
}

const sound = defineFault({
  name: 'none',
  what: 'A sound home whose daemon does not run.',
  source: 'observed 1',
  expect: ['daemon stopped warn'],
  stage: ({ home }) => makeHome(home),
});

async function runFaults(): Promise<boolean> {
  const strange = asked.filter((name) => !faults.some((fault) => fault.name === name));
  if (strange.length > 0) throw new RangeError(`no faults: ${strange.join(', ')}`);
  const ofSound = await askReal(sound);
  const outcomes: Outcome[] = [];
  const answers: RealWord[] = [];
  let left = 0;
  print('fault', 'expected', 'found', 'ms', binary === null ? '' : 'real coven doctor');
  for (const fault of asked.length > 0 ? faults.filter(({ name }) => asked.includes(name)) : faults) {
    const why = whyNot(fault);
    if (why !== null) {
      left += 1;
      print(fault.name, '', `not made here: ${why}`);
      continue;
    }
    const outcome = await diagnosed(fault);
    outcomes.push(outcome);
    const answer = await askReal(fault);
    const word = answer && ofSound && judgeReal(answer, ofSound);
    if (word) answers.push(word);
    const cause = fault.expect.find((line) => line.startsWith(`${fault.cause} `)) ?? '';
    print(
      fault.name,
      cause,
      told(outcome),
      outcome.ms,
      binary === null ? '' : (word?.said ?? 'not asked: the user may not run it'),
    );
  }
  const named = outcomes.filter(({ missed }) => missed.length === 0).length;
  const extra = outcomes.reduce((sum, { extra }) => sum + extra.length, 0);
  const late = outcomes.filter(({ ms }) => ms > deadlineMs).length;
  console.log(
    `\n${outcomes.length} faults: ${named} named by the right check, ${extra} false extra findings, ${late} over the deadline` +
      (left > 0 ? `; ${left} not made here` : ''),
  );
  if (answers.length > 0) {
    const by = (kind: RealWord['by']): number => answers.filter(({ by }) => by === kind).length;
    console.log(
      `real coven doctor, asked of ${answers.length}: ${by('check')} named by a check, ${by('error')} by the error that it ends with, ` +
        `${by('nothing')} not at all, and on ${by('hang')} it hangs`,
    );
  }
  return named === outcomes.length && extra === 0 && late === 0;
}

const staged = stagings(healthy);

/** One that cannot be made, or whose run breaks a promise, is told as such, and the others go on. */
async function healthily(stage: (typeof staged)[number]['stage']): Promise<readonly Outcome[]> {
  try {
    await using scratch = await makeScratch();
    const subjects = await stage(scratch);
    const found = await Promise.all(subjects.map(({ home, how }) => diagnose(home, how)));
    return found.map((diagnosis, index) => compare(diagnosis, subjects[index]?.right ?? []));
  } catch (error) {
    return [{ missed: [error instanceof Error ? error.message : String(error)], extra: [], ms: 0 }];
  }
}

/** Healthy homes, of which nothing may be found but that no daemon runs. */
async function runHealthy(): Promise<boolean> {
  const outcomes: Outcome[] = [];
  let left = 0;
  console.log();
  print('healthy', '', 'found', 'ms');
  for (const { title, why, stage } of staged) {
    if (why !== null) {
      left += 1;
      print(title, '', `not made here: ${why}`);
      continue;
    }
    const compared = await healthily(stage);
    outcomes.push(...compared);
    for (const outcome of compared) print(title, '', told(outcome), outcome.ms);
  }
  const alarms = outcomes.reduce((sum, { extra }) => sum + extra.length, 0);
  const wrong = outcomes.filter(({ missed }) => missed.length > 0).length;
  const late = outcomes.filter(({ ms }) => ms > deadlineMs).length;
  console.log(
    `\n${outcomes.length} healthy homes: ${alarms} false alarms, ${wrong} not told as they are, ${late} over the deadline` +
      (left > 0 ? `; ${left} not made here` : ''),
  );
  return alarms + wrong + late === 0;
}

if ('why' in real) console.log(`real Coven is not asked: ${real.why}\n`);
const well = [await runFaults(), asked.length > 0 || (await runHealthy())];
if (well.includes(false)) process.exitCode = 1;
