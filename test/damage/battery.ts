// `npm run battery:damage`: damages of real ledgers, and undamaged ones. What is counted, and how: test/README.md.
// --seed N, --classes WORD, --conditions NAME (each may be repeated), --sample N, --only damage|sound, --no-fix, --keep, --out FILE.
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deadlineMs, type Outcome, runCase, type Said, say } from '../../fixtures/damage/case.ts';
import type { Condition } from '../../fixtures/damage/damage.ts';
import { damages } from '../../fixtures/damage/index.ts';
import { makeBase } from '../../fixtures/damage/ledger.ts';
import { living, whileLiving } from '../../fixtures/damage/living.ts';
import { truthOf } from '../../fixtures/damage/oracle.ts';
import { seeded } from '../../fixtures/damage/random.ts';
import { isBad, table, told } from '../../fixtures/damage/score.ts';
import { soundOf } from '../../fixtures/damage/sound.ts';
import { covenWorld } from '../../fixtures/damage/world.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', multiple: true, default: ['1', '2', '3', '4'] },
    classes: { type: 'string', multiple: true, default: [''] },
    conditions: { type: 'string', multiple: true, default: ['checkpointed', 'wal', 'restarted'] },
    sample: { type: 'string' },
    only: { type: 'string' },
    'no-fix': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const real = findRealCoven();
if ('why' in real) throw new Error(`the battery needs the real Coven: ${real.why}`);
const binary = real.path;
const tmpfs = 0x01021994;
const root = mkdtempSync(join(statfsSync(tmpdir()).type === tmpfs ? '/var/tmp' : tmpdir(), 'doctor-damage-'));

function sample<T>(all: readonly T[]): readonly T[] {
  const random = seeded(`sample:${values.seed}`);
  const kept = [...all];
  while (values.sample && kept.length > Number(values.sample)) kept.splice(random.int(kept.length), 1);
  return kept;
}

function battery(): readonly Outcome[] {
  const base = makeBase(join(root, 'ledger'), binary, 1, 20_000);
  const conditions = values.conditions as readonly Condition[];
  const truths = new Map(conditions.map((condition) => [condition, truthOf(base.ground(condition))]));
  const cases = damages
    .filter(({ name }) => values.classes.some((word) => name.includes(word)))
    .flatMap((damage) =>
      conditions.filter((one) => damage.conditions.includes(one)).map((one) => [damage, one] as const),
    )
    .flatMap(([damage, condition]) => values.seed.map((seed) => ({ damage, condition, seed: Number(seed) })));
  return sample(cases).map(({ damage, condition, seed }) => {
    const truth = truths.get(condition) ?? new Map();
    const options = { truth, fix: !values['no-fix'], keep: values.keep };
    const outcome = runCase(join(root, 'cases'), binary, base, damage, condition, seed, options);
    console.log(told(outcome));
    return outcome;
  });
}

interface Alarm {
  readonly name: string;
  readonly said: Said;
}

const isAlarm = ({ said }: Alarm): boolean => said.store.length > 0 || said.bug || said.ms > deadlineMs;

async function undamaged(): Promise<readonly Alarm[]> {
  const homes: Alarm[] = [];
  const keep = (name: string, said: Said): void => {
    homes.push({ name, said });
    const found = said.store.join('; ') || (said.bug ? `BUG exit ${said.exit}` : said.ms > deadlineMs ? 'LATE' : '');
    if (found) console.log(`FALSE ALARM ${name}: exit ${said.exit} ${found}`);
  };
  for (const [size, events] of [
    ['tiny', 0],
    ['small', 600],
    ['large', 20_000],
  ] as const) {
    for (const seed of [1, 2, 3]) {
      const folder = join(root, `${size}-${seed}`);
      const base = makeBase(folder, binary, seed, events);
      for (const { name, make } of sample(soundOf(base, binary, `${size} ${seed}`))) {
        const home = join(folder, 'home');
        keep(name, say(make(home)));
        rmSync(home, { recursive: true, force: true });
      }
      if (!values.keep) rmSync(folder, { recursive: true, force: true });
    }
  }
  for (const one of sample(living)) {
    const world = covenWorld(join(root, 'words'), binary);
    keep(one.name, await whileLiving(one, binary, (home) => say({ ...world, home })));
  }
  return homes;
}

mkdirSync(join(root, 'cases'));
const outcomes = values.only === 'sound' ? [] : battery();
const homes = values.only === 'damage' ? [] : await undamaged();
if (outcomes.length > 0) console.log(`\n${table(outcomes)}`);
if (homes.length > 0) console.log(`\n${homes.filter(isAlarm).length} false alarms of ${homes.length} undamaged homes`);
if (values.out)
  writeFileSync(
    values.out,
    JSON.stringify({ outcomes, homes: homes.map(({ name, said }) => ({ name, ...said, text: '' })) }),
  );
if (values.keep) console.log(root);
else rmSync(root, { recursive: true, force: true });
if (outcomes.some(isBad) || homes.some(isAlarm)) process.exitCode = 1;
