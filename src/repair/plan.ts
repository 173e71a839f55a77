import type { CauseName } from '../coven/causes.ts';
import { ledgerParts } from '../coven/layout.ts';
import { judgeLifecycle } from '../coven/lifecycle.ts';
import { liveIds } from '../coven/rows.ts';
import type { Check, Finding } from '../model/check.ts';
import type { PlanInput } from '../model/plan-input.ts';
import { type Draft, draft, type PlanOptions, type Proposal } from '../model/remedy.ts';
import type { Action, Plan, Refused, Step } from '../model/step.ts';
import { digestOf } from './digest.ts';
import { foresee } from './foresee.ts';
import { liveIn } from './live.ts';

/** What was cut off, which is recovered before any step. */
const recoveredFirst: readonly string[] = ['home:repairs unfinished', 'home:repairs changed-since'];

/** Hours after which a plan is not applied any more: what it rests on is another machine's state by then. */
const validHours = 24;

export interface Found {
  readonly check: Check;
  readonly finding: Finding & { readonly causedBy?: CauseName };
}

/**
 * Turns findings into steps, in the order in which they are taken: what is done beside a daemon, what is done with none,
 * then one start or restart for all that ask for it. Pure. What is not done is in `refused` with its reason.
 */
export function makePlan(found: readonly Found[], input: PlanInput, options: PlanOptions, tool: Plan['tool']): Plan {
  const faults = found.filter(({ finding }) => finding.status === 'fail' || finding.status === 'warn');
  const whole = refusesAll(input);
  const refused: Refused[] = [];
  const willing: Chosen[number][] = [];
  for (const { check, finding } of faults) {
    const name = `${check.id} ${finding.code}`;
    // What was cut off is recovered before any step.
    if (recoveredFirst.includes(name) || (name === 'daemon stopped' && !options.startStopped)) continue;
    const own = check.causes[finding.code]?.remedy;
    // What follows from a cause goes away with it.
    if (!own && !whole && finding.causedBy) continue;
    const remedy = withoutMended(whole ?? own?.plan(input, finding, options) ?? { refuse: 'by-hand' });
    if ('refuse' in remedy) refused.push({ finding: name, reason: remedy.refuse, facts: remedy.facts ?? {} });
    else willing.push({ name, remedy });
    if ('left' in remedy && remedy.left)
      refused.push({ finding: name, reason: remedy.left.reason, facts: remedy.left.facts });
  }
  const lives = liveIn(input);
  const once = mendOnce(willing);
  const moved = moveOnce(once.chosen);
  const ups = bringUp(moved.chosen, input, lives);
  const { chosen } = ups;
  refused.push(...once.covered, ...moved.covered);
  const drafts = [
    ...chosen.flatMap(({ name, remedy }) =>
      remedy.steps.map((step) => ({ fix: name, step, requires: [] as string[] })),
    ),
  ];
  refused.push(...ups.refused);
  const order = { alive: 0, gone: 1, after: 2 };
  const steps = foresee(
    [...drafts, ...ups.steps]
      .toSorted((a, b) => order[a.step.phase] - order[b.step.phase])
      .map(({ fix, step, requires }, index): Step => ({ id: String(index + 1), fix, ...step, requires })),
  );
  const { home, machine } = input;
  const body = {
    home: { dev: home?.dev ?? '', ino: home?.ino ?? '' },
    machine: { bootId: machine?.bootId ?? null, pidNamespace: machine?.pidNamespace ?? null },
    steps,
  };
  const madeAt = new Date(machine?.now ?? 0);
  return {
    schemaVersion: 1,
    tool,
    ...body,
    madeAt: madeAt.toISOString(),
    expiresAt: new Date(madeAt.getTime() + validHours * 3_600_000).toISOString(),
    refused,
    live: lives,
    digest: digestOf(body),
  };
}

/** States of a home in which every repair could do harm. */
function refusesAll({ home, machine, ...input }: PlanInput): Proposal | null {
  if (home?.kind !== 'directory') return { refuse: home?.kind === 'symlink' ? 'symlinked-home' : 'no-home' };
  if (home.uid !== machine?.uid) return { refuse: 'other-owner', facts: { uid: home.uid } };
  if (input['home.entries']?.list.some(({ name }) => name === 'reset-transaction.json'))
    return { refuse: 'reset-interrupted' };
  if (input['home.filesystem']?.readOnly) return { refuse: 'read-only' };
  if (machine.bootId === null) return { refuse: 'no-boot-id' };
  return null;
}

/** What somebody else put right between the look that found it and the one that the steps rest on is left alone. */
function withoutMended(remedy: Proposal): Proposal {
  if ('refuse' in remedy) return remedy;
  const steps = remedy.steps.filter(({ action }) => !changesNothing(action));
  return steps.length === 0 && remedy.steps.length > 0 ? { refuse: 'mended' } : { ...remedy, steps };
}

const changesNothing = (action: Action): boolean =>
  (action.kind === 'set-mode' && action.mode === action.was.mode) ||
  (action.kind === 'set-owner' && action.uid === action.was.uid && action.gid === action.was.gid);

type Chosen = readonly { readonly name: string; readonly remedy: Exclude<Proposal, { refuse: string }> }[];
type Placed = { readonly fix: string; readonly step: Draft; readonly requires: string[] };

const hasRescue = ({ remedy }: Chosen[number]): boolean =>
  remedy.steps.some(({ action }) => action.kind === 'rescue-ledger');

/** Each does what those before it do, too: a ledger is replaced once. */
const mending = ['checkpoint', 'rebuild-search', 'rebuild-index', 'rescue-ledger'];

function mendOnce(willing: Chosen): { readonly chosen: Chosen; readonly covered: readonly Refused[] } {
  const rank = ({ remedy }: Chosen[number]): number =>
    Math.max(-1, ...remedy.steps.map(({ action }) => mending.indexOf(action.kind)));
  const most = Math.max(-1, ...willing.map(rank));
  const main = willing.find((one) => most >= 0 && rank(one) === most);
  const isRescue = main !== undefined && hasRescue(main);
  // Nothing of a WAL that is not the ledger's comes into a rescued one, and all of it is kept.
  const isOfLedger = ({ remedy }: Chosen[number]): boolean =>
    remedy.steps.some(({ action }) => action.kind === 'quarantine' && ledgerParts.includes(action.path));
  const others = willing.filter((one) => one !== main && (rank(one) >= 0 || (isRescue && isOfLedger(one))));
  return {
    chosen: willing.filter((one) => !others.includes(one)),
    covered: others.map(({ name }) => ({ finding: name, reason: 'covered', facts: { by: main?.name ?? '' } })),
  };
}

/** What is moved out of the home keeps its mode and owner: a step that changes them would make a drift of the move. */
function moveOnce(chosen: Chosen): { readonly chosen: Chosen; readonly covered: readonly Refused[] } {
  const moves = new Map(
    chosen.flatMap(({ name, remedy }) =>
      remedy.steps.flatMap(({ action }) => (action.kind === 'quarantine' ? [[action.path, name] as const] : [])),
    ),
  );
  const kept: Chosen[number][] = [];
  const covered: Refused[] = [];
  for (const { name, remedy } of chosen) {
    const mover = ({ action }: Draft): string | undefined =>
      action.kind === 'set-mode' || action.kind === 'set-owner' ? moves.get(action.path) : undefined;
    const steps = remedy.steps.filter((step) => mover(step) === undefined);
    const by = remedy.steps.flatMap((step) => mover(step) ?? [])[0];
    if (by !== undefined && steps.length === 0) covered.push({ finding: name, reason: 'covered', facts: { by } });
    else kept.push({ name, remedy: { ...remedy, steps } });
  }
  return { chosen: kept, covered };
}

/**
 * One start or restart for all fixes that ask for it, where nothing that would stay is in its way. Where something is,
 * they are withheld whole: a daemon that is ended and cannot be started is worse than one that does not answer.
 */
function bringUp(chosen: Chosen, input: PlanInput, lives: Plan['live']) {
  const asking = chosen.filter(({ remedy }) => remedy.daemon !== undefined);
  const [first, ...others] = asking;
  const none = { chosen, steps: [] as Placed[], refused: [] as Refused[] };
  if (!first) return none;
  const kind = asking.some(({ remedy }) => remedy.daemon === 'restart') ? 'restart-daemon' : 'start-daemon';
  const withSteps = chosen.filter(({ remedy }) => remedy.steps.length > 0);
  const inTheWay = judgeLifecycle(input)?.[kind === 'restart-daemon' ? 'restart' : 'start'] ?? ['daemon'];
  // A rescued ledger is a new one, whichever check of the old one is in the way.
  const isRescue = chosen.some(hasRescue);
  const isMended = (check: string): boolean =>
    withSteps.some(({ name }) => name.startsWith(`${check} `)) || (isRescue && check.startsWith('store:'));
  const blockers = inTheWay.filter((check) => !isMended(check));
  if (blockers.length > 0) {
    const facts = { blockers: blockers.join(', ') };
    return {
      ...none,
      chosen: chosen.filter((one) => !asking.includes(one)),
      refused: asking.map(({ name }) => ({ finding: name, reason: 'start-blocked', facts })),
    };
  }
  // A start calls the rows of a live `coven run` orphaned; a restart ends the daemon's sessions, too.
  const harmed = lives.runSessions.length + (kind === 'restart-daemon' ? lives.daemonSessions.length : 0);
  // Nor is a daemon brought up on an index that was to be fixed first, and was not.
  const isNeeded = ({ name, remedy }: Chosen[number]): boolean =>
    inTheWay.some((check) => name.startsWith(`${check} `)) ||
    remedy.steps.some(({ action }) => action.kind === 'rebuild-index' || action.kind === 'rescue-ledger');
  const requires = withSteps.filter((one) => one.name !== first.name && isNeeded(one)).map(({ name }) => name);
  const covered = others.filter(({ remedy }) => remedy.steps.length === 0);
  return {
    chosen,
    steps: [
      {
        fix: first.name,
        step: draft({ kind, ends: liveIds(lives) }, 'after', harmed > 0 ? 'disruptive' : 'safe'),
        requires,
      },
    ] as Placed[],
    refused: covered.map(({ name }) => ({ finding: name, reason: 'covered', facts: { by: first.name } })),
  };
}
