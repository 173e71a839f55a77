// `npm run battery:rescue`: rescues damaged ledgers of the real Coven, and counts rows against what their bytes still hold.
// In this process; --command runs `coven-doctor rescue` as an operator does. --seed N, --classes WORD, --conditions NAME (each may be
// repeated), --events N, --base N, --no-coven, --no-peer. --out FILE takes each outcome down as a line, and goes on where it ends.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { damaged } from '../../fixtures/damage/case.ts';
import type { Condition, Damage } from '../../fixtures/damage/damage.ts';
import type { Files } from '../../fixtures/damage/files.ts';
import { damages } from '../../fixtures/damage/index.ts';
import { makeBase } from '../../fixtures/damage/ledger.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import { isBadRescue, type RescueOutcome, runRescueCase, tellRescue } from '../../fixtures/rescue/case.ts';
import { conditions, conditionsOf, groundsOf } from '../../fixtures/rescue/grounds.ts';
import { findPeer } from '../../fixtures/rescue/peer.ts';
import { type Truth, truthOf } from '../../fixtures/rescue/score.ts';
import { tellAll } from '../../fixtures/rescue/table.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', multiple: true, default: ['1'] },
    classes: { type: 'string', multiple: true, default: [''] },
    conditions: { type: 'string', multiple: true, default: [...conditions] },
    events: { type: 'string', default: '20000' },
    base: { type: 'string', default: '1' },
    command: { type: 'boolean', default: false },
    'no-coven': { type: 'boolean', default: false },
    'no-peer': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const real = findRealCoven();
if ('why' in real) throw new Error(`the battery needs the real Coven: ${real.why}`);
const shell = values['no-peer'] ? null : findPeer();
if (!shell) console.log('not compared with .recover: `npm run peer:rescue` builds it, and --no-peer leaves it out');
const root = mkdtempSync(join(tmpdir(), 'doctor-rescue-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.on(signal, () => process.exit(code));

const nameOf = (damage: string, condition: string, seed: number | string): string =>
  [values.base, values.events, damage, condition, seed].join(' ');
const known = new Map<string, RescueOutcome>();
if (values.out && existsSync(values.out))
  for (const line of readFileSync(values.out, 'utf8').split('\n').filter(Boolean)) {
    const { name, outcome } = JSON.parse(line) as { name: string; outcome: RescueOutcome };
    known.set(name, outcome);
  }

const base = makeBase(join(root, 'ledger'), real.path, Number(values.base), Number(values.events));
const ground = groundsOf(base, Number(values.base));
const outcomes: RescueOutcome[] = [];
/** Damages of something that this ledger does not have. */
const without: string[] = [];
const asked = { coven: values['no-coven'] ? null : real.path, shell };

function run(name: string, damage: Damage, condition: Condition, seed: number, truth: Truth): RescueOutcome | null {
  let files: Files;
  try {
    files = damaged(ground(condition), damage, condition, seed);
  } catch (error) {
    without.push(`${damage.name} ${condition} ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
  const of = { damage: damage.name, condition, seed };
  const outcome = runRescueCase(join(root, 'case'), truth, files, of, asked, !values.command);
  if (values.out) appendFileSync(values.out, `${JSON.stringify({ name, outcome })}\n`);
  return outcome;
}

for (const condition of values.conditions as readonly Condition[]) {
  const truth = truthOf(ground(condition));
  for (const damage of damages) {
    if (!conditionsOf(damage).includes(condition) || !values.classes.some((word) => damage.name.includes(word)))
      continue;
    for (const seed of values.seed) {
      const name = nameOf(damage.name, condition, seed);
      const outcome = known.get(name) ?? run(name, damage, condition, Number(seed), truth);
      if (!outcome) continue;
      outcomes.push(outcome);
      console.log(tellRescue(outcome));
      // A signal is heard only between two cases.
      await new Promise(setImmediate);
    }
  }
}
console.log(tellAll(outcomes));
for (const line of without) console.log(`not made: ${line}`);
if (outcomes.some(isBadRescue)) process.exitCode = 1;
