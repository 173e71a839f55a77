// `npm run battery:rescue`: rescues damaged ledgers of the real Coven, and counts rows against what their bytes still hold.
// In this process; --command runs `coven-doctor rescue` as an operator does. --seed N, --classes WORD, --conditions NAME (each may be repeated), --events N, --base N, --no-coven, --out FILE.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Condition } from '../../fixtures/damage/damage.ts';
import { damages } from '../../fixtures/damage/index.ts';
import { makeBase } from '../../fixtures/damage/ledger.ts';
import { findRealCoven } from '../../fixtures/real-coven.ts';
import {
  isBadRescue,
  type RescueOutcome,
  runRescueCase,
  tellRescue,
  truthOfGround,
} from '../../fixtures/rescue/case.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', multiple: true, default: ['1'] },
    classes: { type: 'string', multiple: true, default: [''] },
    conditions: { type: 'string', multiple: true, default: ['checkpointed', 'wal', 'restarted'] },
    events: { type: 'string', default: '20000' },
    base: { type: 'string', default: '1' },
    command: { type: 'boolean', default: false },
    'no-coven': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const real = findRealCoven();
if ('why' in real) throw new Error(`the battery needs the real Coven: ${real.why}`);
const root = mkdtempSync(join(tmpdir(), 'doctor-rescue-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));

const base = makeBase(join(root, 'ledger'), real.path, Number(values.base), Number(values.events));
const outcomes: RescueOutcome[] = [];
for (const condition of values.conditions as readonly Condition[]) {
  const truth = truthOfGround(base.ground(condition));
  for (const damage of damages) {
    if (!damage.conditions.includes(condition) || !values.classes.some((word) => damage.name.includes(word))) continue;
    for (const seed of values.seed) {
      const coven = values['no-coven'] ? null : real.path;
      const folder = join(root, 'case');
      const one = runRescueCase(
        folder,
        truth,
        base.ground(condition),
        damage,
        condition,
        Number(seed),
        coven,
        !values.command,
      );
      outcomes.push(one);
      console.log(tellRescue(one));
    }
  }
}

const sum = (of: (one: RescueOutcome) => number, among: readonly RescueOutcome[] = outcomes): number =>
  among.reduce((total, one) => total + of(one), 0);
const share = (among: readonly RescueOutcome[]): number => {
  const left = sum((one) => one.left, among);
  return left === 0 ? 100 : (100 * sum((one) => one.rescued, among)) / left;
};
const classes = [...new Set(outcomes.map(({ damage }) => damage))].map((name) => ({
  name,
  share: share(outcomes.filter(({ damage }) => damage === name)),
}));
const worst = classes.toSorted((a, b) => a.share - b.share).slice(0, 5);
console.log(`
${outcomes.length} damaged ledgers of ${classes.length} classes, ${sum((one) => one.left)} rows left in them
rescued ${share(outcomes).toFixed(3)} %, and ${sum((one) => one.more)} rows more
worst classes: ${worst.map((one) => `${one.name} ${one.share.toFixed(2)} %`).join(', ')}
wrong ${sum((one) => one.wrong)}, invented ${sum((one) => one.invented)}, earlier versions of sessions ${sum((one) => one.stale)}
checks failed ${outcomes.filter(({ checks }) => checks !== '').length}, not opened by Coven ${outcomes.filter(({ opened }) => opened === false).length}, homes touched ${outcomes.filter(({ touched }) => touched).length}, errors ${outcomes.filter(({ error }) => error !== null).length}`);
if (values.out) writeFileSync(values.out, JSON.stringify(outcomes));
if (outcomes.some(isBadRescue)) process.exitCode = 1;
