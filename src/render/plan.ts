import { command } from '../model/advice.ts';
import { count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { expand } from '../model/shell.ts';
import { barredSteps, type Plan, type Risk, type Step } from '../model/step.ts';
import { type NamedHome, typedLine } from './typed.ts';
import { liveWords, refusalWords, riskWords, stepWords, undoWords } from './words/fix.ts';

export interface PlanTextOptions {
  readonly home: string;
  readonly allow: ReadonlySet<Risk>;
}

/** A plan for a reader: each step with why, risk and undo; then what is not done and why. */
export function renderPlan(plan: Plan, { home, allow }: PlanTextOptions): string {
  const mine = plan.refused.filter(({ reason }) => reason !== 'covered');
  const lines = [
    `Plan for ${home}: ${plan.steps.length > 0 ? count(plan.steps.length, 'step') : 'nothing to do'}.`,
    ...plan.steps.flatMap((step) => ['', ...stepLines(step, plan, allow)]),
    ...(plan.steps.length > 0 ? ['', 'A backup of the home is made and proven first. Then the checks run again.'] : []),
    ...liveWords(plan.live),
    ...(mine.length > 0 ? ['', 'Not repaired:'] : []),
    ...mine.map(({ finding, reason, facts }) => `  ${finding}: ${refusalWords(reason, facts)}`),
  ];
  return `${lines.map((line) => expand(harmless(line), home)).join('\n')}\n`;
}

/** Why a plan was not applied, and what to type. */
export function notAppliedWords(plan: Plan, allow: ReadonlySet<Risk>, home: NamedHome): string {
  const barred = barredSteps(plan, allow);
  const risks = [...new Set(barred.map(({ risk }) => risk))].filter((risk) => !allow.has(risk));
  const isAsked = barred.length < plan.steps.length;
  const allowed = [...allow, ...(isAsked ? [] : risks)].filter((risk) => risk !== 'safe');
  const again = command('coven-doctor', '--fix', ...allowed.flatMap((risk) => ['--allow', risk]));
  const needs = risks.map((risk) => `--allow ${risk}`).join(' ');
  const why = isAsked
    ? `${count(plan.steps.length, 'step was', 'steps were')} not agreed to. This asks again; without a terminal, add --yes:`
    : `Every step of it needs ${needs}. To see it with that, and be asked:`;
  return `${why}\n  ${typedLine(again, home)}`;
}

function stepLines({ id, fix, action, risk, undo }: Step, plan: Plan, allow: ReadonlySet<Risk>): readonly string[] {
  const covers = plan.refused.filter(({ reason, facts }) => reason === 'covered' && facts.by === fix);
  const why = [fix, ...covers.map(({ finding }) => finding)].join(', ');
  return [
    `${id.padStart(3)}. ${stepWords(action)}`,
    `     for:  ${why}`,
    `     risk: ${risk}${allow.has(risk) ? '' : ' — NOT ALLOWED'}: ${riskWords[risk]}`,
    `     undo: ${undoWords({ action, undo })}`,
  ];
}
