import { command } from '../model/advice.ts';
import { count } from '../model/amounts.ts';
import { harmless } from '../model/harmless.ts';
import { expand } from '../model/shell.ts';
import { barredSteps, type FillingBackup, isAllowed, type Plan, type Risk, risksOf, type Step } from '../model/step.ts';
import { type NamedHome, typedLine } from './typed.ts';
import { liveWords, refusalWords, riskWords, stepWords, undoWords } from './words/fix.ts';

export interface PlanTextOptions {
  readonly home: NamedHome;
  readonly allow: ReadonlySet<Risk>;
}

/** A plan as text: each step with its reason, risk and undo, then what is not repaired and why. */
export function renderPlan(plan: Plan, { home, allow }: PlanTextOptions): string {
  const mine = plan.refused.filter(({ reason }) => reason !== 'covered');
  const lines = [
    `Plan for ${home.path}: ${plan.steps.length > 0 ? count(plan.steps.length, 'step') : 'nothing to do'}.`,
    ...plan.steps.flatMap((step) => ['', ...stepLines(step, plan, { home, allow })]),
    ...(plan.steps.length > 0 ? ['', 'A backup of the home is made and proven first. Then the checks run again.'] : []),
    ...liveWords(plan.live),
    ...(mine.length > 0 ? ['', 'Not repaired:'] : []),
    ...mine.map(({ finding, reason, facts }) => `  ${finding}: ${refusalWords(reason, facts)}`),
  ];
  return `${lines.map((line) => expand(harmless(line), home.path)).join('\n')}\n`;
}

/** The command that applies a plan that was shown or saved to a file. */
export function toApplyWords(
  { steps }: Plan,
  allow: ReadonlySet<Risk>,
  words: readonly string[],
  file: string | null,
  home: NamedHome,
): string {
  if (steps.length === 0) return '';
  const needed = risksOf(steps);
  const isAgreed = steps.every((step) => isAllowed(step, allow));
  // What was typed may allow a step by another word than that of its risk.
  const risks =
    isAgreed && !needed.every((risk) => allow.has(risk)) ? [...allow].filter((risk) => risk !== 'safe') : needed;
  const agreeing = [...words, ...(risks.length > 0 ? ['--allow', ...risks] : [])];
  const line =
    file === null ? command('coven-doctor', '--fix', ...agreeing) : command('coven-doctor', 'apply', file, ...agreeing);
  const saved = file === null ? 'Nothing was changed.' : `Saved to ${harmless(file)}, and good for 24 hours.`;
  const so = isAgreed ? 'To apply it:' : 'To apply all of it:';
  return `\n${saved} ${so}\n  ${typedLine(line, home)}\n`;
}

/** Why a plan was not applied, and what to type: `words` are the options that it was made with. */
export function notAppliedWords(
  plan: Plan,
  allow: ReadonlySet<Risk>,
  words: readonly string[],
  home: NamedHome,
): string {
  const barred = barredSteps(plan, allow);
  const risks = risksOf(barred).filter((risk) => !allow.has(risk));
  const isAsked = barred.length < plan.steps.length;
  const allowed = [...allow, ...(isAsked ? [] : risks)].filter((risk) => risk !== 'safe');
  const agreeing = [...words, ...(allowed.length > 0 ? ['--allow', ...allowed] : [])];
  const again = typedLine(command('coven-doctor', '--fix', ...agreeing), home);
  const needs = `Every step of it needs --allow ${risks.join(' ')}.`;
  const steps = count(plan.steps.length, 'step was', 'steps were');
  if (isAsked)
    return home.unattended
      ? `${steps} not taken: nobody could be asked. To take them without a question:\n  ${again}`
      : `${steps} not agreed to. This asks again:\n  ${again}`;
  if (!home.unattended) return `${needs} To see it with that, and be asked:\n  ${again}`;
  return `${needs} To see it with that, then apply it without a question:\n  ${typedLine(command('coven-doctor', 'plan', ...planned(agreeing)), home)}\n  ${again}`;
}

/** Removes --fail-on, which `plan` does not have. */
const planned = (words: readonly string[]): readonly string[] =>
  words.filter((word, index) => word !== '--fail-on' && words[index - 1] !== '--fail-on');

/** Says that an interrupted run was left as it is, and what to type. */
export const notRecoveredWords = (words: readonly string[], home: NamedHome): string =>
  `Nothing was changed. To have it done without a question:\n  ${typedLine(command('coven-doctor', '--fix', ...words, '--yes'), home)}\n`;

function stepLines(
  { id, fix, action, risk, undo }: Step,
  plan: Plan,
  { home, allow }: PlanTextOptions,
): readonly string[] {
  const covers = plan.refused.filter(({ reason, facts }) => reason === 'covered' && facts.by === fix);
  const why = [fix, ...covers.map(({ finding }) => finding)].join(', ');
  return [
    `${id.padStart(3)}. ${stepWords(action)}`,
    `     for:  ${why}`,
    `     risk: ${risk}${isAllowed({ risk, action }, allow) ? '' : ' — NOT ALLOWED'}: ${riskWords({ risk, action })}`,
    `     undo: ${undoWords({ action, undo })}`,
    ...(action.kind === 'rescue-ledger' && action.backup ? fillingLines(action.backup, home) : []),
  ];
}

/** Which lost rows a backup holds, what it lacks, and the rescue that combines both. */
function fillingLines({ run, madeAt, fills, lacks }: FillingBackup, home: NamedHome): readonly string[] {
  const lacking = `${count(lacks.sessions, 'session')} and ${count(lacks.events, 'event')}`;
  return [
    `     backup: that of ${madeAt} holds ${count(fills, 'row')} of what is lost, and lacks ${lacking} that this rescue brings back.`,
    '     To rescue the ledger and fill it from that backup instead:',
    `       ${typedLine(command('coven-doctor', 'rescue', '--merge', run), home)}`,
  ];
}
