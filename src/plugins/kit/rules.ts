import type { Host } from '../../host/host.ts';
import type { Check, Finding } from '../../model/check.ts';
import type { ObservationKey } from '../../model/observation.ts';
import { say } from '../../model/say.ts';
import { runChecks } from '../../run/runner.ts';
import { engineCodes, examineFindings } from '../examine.ts';
import { type Observed, type Stage, type StagedHome, snapshotOf } from './staged-home.ts';
import { blinded, failed, reordered } from './variations.ts';

/** The rules for every check. */
export const rules = ['answers', 'same', 'order', 'blind', 'quiet', 'changes'] as const;
export type Rule = (typeof rules)[number];

/** A rule that a check broke, and where. */
export interface Wrong {
  readonly rule: Rule;
  readonly home: string;
  readonly what: string;
}

export interface Tried {
  readonly check: Check;
  readonly tried: Readonly<Record<Rule, number>>;
  readonly wrong: readonly Wrong[];
}

/** A check without restrictions, and the same check without permission to write. For our own checks both are the same. */
export interface Subject {
  readonly check: Check;
  readonly confined: Check;
}

/** Milliseconds for one answer, including the start of its process, which has a limit of its own. */
const judgeMs = 10_000;

/** Tries a check on every home. A check that does not end is not tried further. */
export async function tryCheck({ check, confined }: Subject, stage: Stage, signal: AbortSignal): Promise<Tried> {
  const tried = { answers: 0, same: 0, order: 0, blind: 0, quiet: 0, changes: 0 };
  const wrong: Wrong[] = [];
  for (const home of stage.homes) {
    signal.throwIfAborted();
    const note = (rule: Rule, what: string | undefined): void => {
      tried[rule] += 1;
      if (what !== undefined) wrong.push({ rule, home: home.name, what });
    };
    const before = snapshotOf(home.path);
    const ended = await tryOn(home, check, confined, stage.canary, signal, note);
    note('changes', snapshotOf(home.path) === before ? undefined : 'the home is not as it was');
    if (!ended) break;
  }
  return { check, tried, wrong };
}

type Note = (rule: Rule, what: string | undefined) => void;

async function tryOn(
  { observed }: StagedHome,
  check: Check,
  confined: Check,
  canary: string,
  signal: AbortSignal,
  note: Note,
): Promise<boolean> {
  const ask = (which: Check, of: Observed): Promise<readonly Finding[]> => judged(which, of, signal);
  const said = await ask(check, observed);
  note('answers', faultOf(check, said));
  if (said.some(({ code }) => code === 'overran')) return false;
  note(
    'quiet',
    text(check, said).includes(canary) ? 'it tells what it was not given, or the path of the home' : undefined,
  );
  note('same', differs(check, said, await ask(check, observed)));
  note('same', differs(check, said, await ask(confined, observed)));
  note('order', verdict(said) === verdict(await ask(check, reordered(observed))) ? undefined : 'another verdict');
  for (const key of check.needs) {
    for (const of of [failed(observed, key), ...blinded(observed, key)]) {
      const blind = await ask(check, of);
      note('answers', faultOf(check, blind));
      note('blind', blindness(blind, key));
      if (blind.some(({ code }) => code === 'overran')) return false;
    }
  }
  return true;
}

async function judged(check: Check, observed: Observed, signal: AbortSignal): Promise<readonly Finding[]> {
  const host: Host = { observe: async (key) => observed.get(key) as never, close: async () => {} };
  const [run] = await runChecks([check], host, { checkMs: judgeMs, signal });
  return run?.findings ?? [];
}

/** The faults of an answer. */
function faultOf(check: Check, said: readonly Finding[]): string | undefined {
  const [first] = said;
  if (!first || first.code === 'unobserved') return undefined;
  if (engineCodes.some((code) => code === first.code)) return say(check, first).message;
  // The engine makes a finding of what `skip` says; it has no evidence, since nothing was judged.
  const stated = said.filter(({ status, evidence }) => status !== 'skipped' || evidence.length > 0);
  const causes = Object.fromEntries(Object.keys(check.causes).map((code) => [code, { message: code }]));
  const described = { id: check.id, needs: check.needs, title: '', explain: '', causes };
  const examined = stated.length > 0 ? examineFindings(stated, described) : undefined;
  if (examined && 'fault' in examined) return examined.fault;
  for (const finding of said) {
    const { message, hint = '' } = say(check, finding);
    if ((message === finding.code && check.module === undefined) || /\bundefined\b|\bNaN\b/.test(message + hint))
      return `${finding.code} has no words`;
    const lacks = templateNames(check, finding.code).find((name) => !Object.hasOwn(finding.facts, name));
    if (lacks !== undefined) return `the words for ${finding.code} name a fact {${lacks}} that it does not have`;
  }
  return undefined;
}

/** The facts that the words for `code` use. */
function templateNames({ causes }: Check, code: string): readonly string[] {
  const { message = '', hint = '' } = causes[code] ?? {};
  if (typeof message !== 'string' || typeof hint !== 'string') return [];
  return [...(message + hint).matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
}

const text = (check: Check, said: readonly Finding[]): string =>
  JSON.stringify([said, said.map((finding) => say(check, finding))]);

function differs(check: Check, said: readonly Finding[], again: readonly Finding[]): string | undefined {
  if (text(check, said) === text(check, again)) return undefined;
  const [now] = again;
  return `the same, asked again, is ${now?.status} ${now?.code}: ${now ? say(check, now).message : ''}`;
}

const verdict = (said: readonly Finding[]): string =>
  said
    .map(({ status, code, target }) => `${status} ${code} ${target}`)
    .sort()
    .join('\n');

/** An `ok` that depends on something that could not be examined. An `ok` that depends on other things can be right. */
function blindness(said: readonly Finding[], key: ObservationKey): string | undefined {
  const rests = said.some(
    ({ status, evidence }) => status === 'pass' && evidence.some(({ observation }) => observation === key),
  );
  return rests ? `it says ok, resting on ${key}, which could not be looked into` : undefined;
}
