import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { checks as allChecks } from '../../checks/index.ts';
import { harmless, harmlessJson } from '../model/harmless.ts';
import type { Plan } from '../model/step.ts';
import { renderPlan, toApplyWords } from '../render/plan.ts';
import { digestOf } from '../repair/digest.ts';
import { parsePlan } from '../repair/schema.ts';
import { print, printError, printScreen } from '../terminal/print.ts';
import { UsageError } from '../terminal/usage.ts';
import { againWords, apply } from './fix.ts';
import { placeOf, writeOutput } from './options/outputs.ts';
import type { FixOptions } from './options/repair.ts';
import { survey } from './repair/survey.ts';

const refusedCode = 5;
const planLimitBytes = 4 * 1024 ** 2;

/** `doctor plan`: shows what --fix would do, and can save it as a file for `apply`, with mode 0600. Changes nothing in the home. */
export async function plan(options: FixOptions, output: string | undefined, signal: AbortSignal): Promise<number> {
  const file = output === undefined ? null : placeOf('--output', output, options.home.path);
  const { plan } = await survey(options, signal, allChecks, true);
  signal.throwIfAborted();
  const document = `${JSON.stringify(plan, null, 2)}\n`;
  if (file !== null) await writeOutput(file, document);
  const { home, allow, json } = options;
  const next = toApplyWords(plan, allow, againWords(options), file === null ? null : file.path, home);
  await (json ? print(document) : printScreen(renderPlan(plan, { home, allow }) + next));
  return 0;
}

/**
 * `doctor apply FILE`: never executes the file. It diagnoses and plans again, and applies that plan only if it is equal to
 * the saved one.
 */
export async function applySaved(options: FixOptions, file: string, signal: AbortSignal): Promise<number> {
  const saved = read(file);
  const refuse = async (why: string): Promise<number> => {
    printError(`coven-doctor: ${harmless(file)} is not applied: ${harmless(why)}\n`);
    if (options.json) await print(`${harmlessJson(JSON.stringify({ ok: false, refused: why }, null, 2))}\n`);
    return refusedCode;
  };
  if ('why' in saved) return refuse(saved.why);
  if (digestOf(saved.plan) !== saved.plan.digest) return refuse('it was altered');
  const { plan: now } = await survey(options, signal, allChecks, true);
  signal.throwIfAborted();
  if (Date.now() > Date.parse(saved.plan.expiresAt)) return refuse(`it expired at ${saved.plan.expiresAt}`);
  if (saved.plan.tool.version !== now.tool.version) return refuse('another version of coven-doctor made it');
  if (saved.plan.digest !== now.digest) return refuse(`${drift(saved.plan, now)}; make a new plan and look at it`);
  return apply(now, options, signal);
}

/** The first step in which two plans differ. */
function drift(saved: Plan, now: Plan): string {
  if (saved.home.ino !== now.home.ino || saved.home.dev !== now.home.dev) return 'it is of another home';
  if (saved.machine.bootId !== now.machine.bootId) return 'the machine was started anew since';
  const at = [...saved.steps.keys()].find(
    (index) => JSON.stringify(saved.steps[index]) !== JSON.stringify(now.steps[index]),
  );
  const step = saved.steps[at ?? saved.steps.length] ?? now.steps[saved.steps.length];
  return `what it rests on has changed (step ${step?.id ?? '?'}: ${step?.fix ?? 'nothing is to do any more'})`;
}

/** Refuses a plan that another user could have written. */
function read(file: string): { readonly plan: Plan } | { readonly why: string } {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw new UsageError(`the plan cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { why: 'it is no regular file' };
    if (stat.uid !== process.geteuid?.() || stat.mode & 0o022) return { why: 'others can write to it' };
    if (stat.size > planLimitBytes) return { why: 'it is too large for a plan' };
    const plan = parsePlan(readFileSync(fd, 'utf8'));
    return plan ? { plan } : { why: 'it is no plan' };
  } finally {
    closeSync(fd);
  }
}
