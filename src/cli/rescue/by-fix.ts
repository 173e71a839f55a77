import { isDeepStrictEqual } from 'node:util';
import { Refused } from '../../backup/refused.ts';
import { fingerprintOf } from '../../host/still.ts';
import type { Plan, RescueCounts, Step } from '../../model/step.ts';
import type { Applied } from '../../repair/engine/apply.ts';
import type { ProvenBackup } from '../../repair/engine/gate.ts';
import { exitCode, type Recheck } from '../../repair/engine/perform.ts';
import { Refusal, reasonOf } from '../../repair/engine/refusal.ts';
import type { FixOutcome, Progress } from '../../repair/engine/transaction.ts';
import { askRescue, RescueFailed } from '../../store/ask-rescue.ts';
import { countsOf, rescueWork } from './foreseen.ts';
import { rescueInPlace } from './in-place.ts';

export type RescueStep = Step & { readonly action: { readonly kind: 'rescue-ledger'; readonly counts: RescueCounts } };

/** Splits a plan at its rescue, which is a run of its own. Steps that do not depend on it come first. */
export interface Parts {
  readonly before: readonly Step[];
  readonly rescue: RescueStep | null;
  readonly after: readonly Step[];
}

export function partsOf({ steps }: Pick<Plan, 'steps'>): Parts {
  const rescue = (steps.find(({ action }) => action.kind === 'rescue-ledger') ?? null) as RescueStep | null;
  if (!rescue) return { before: steps, rescue, after: [] };
  const waiting = new Set([rescue.fix]);
  // Steps are in order: what a fix requires comes before it, but a later step can make it wait, too.
  for (const _ of steps)
    for (const { fix, requires } of steps) if (requires.some((one) => waiting.has(one))) waiting.add(fix);
  const others = steps.filter((step) => step !== rescue);
  return {
    before: others.filter(({ fix }) => !waiting.has(fix)),
    rescue,
    after: others.filter(({ fix }) => waiting.has(fix)),
  };
}

export interface RescueFixOptions {
  readonly home: string;
  readonly isAllowed: boolean;
  readonly backup: (folder: string) => Promise<ProvenBackup>;
  readonly recheck: (fixes: readonly string[]) => Promise<readonly Recheck[]>;
  readonly shows: boolean;
  readonly signal: AbortSignal;
  readonly tell: (progress: Progress) => void;
}

/** Carries out the rescue of a plan, like `coven-doctor rescue`. More loss than the user agreed to is drift. */
export async function applyRescue({ fix, risk, action }: RescueStep, options: RescueFixOptions): Promise<Applied> {
  const { home, isAllowed, backup, recheck, shows, signal, tell } = options;
  const ended = (runId: string | null, outcome: Omit<FixOutcome, 'fix'>, recovered: Applied['recovered']): Applied => {
    const fixes = [{ fix, ...outcome }];
    return { runId, recovered, fixes, exit: exitCode(fixes, signal) };
  };
  const refused = (reason: FixOutcome['reason'], recovered: Applied['recovered'] = []): Applied =>
    ended(null, { outcome: 'refused', reason }, recovered);
  if (!isAllowed) return refused({ code: 'risk', facts: { risk } });
  try {
    const placed = await rescueInPlace({
      home,
      run: async (ledger, { folder, output }) => {
        const before = fingerprintOf(ledger);
        const work = rescueWork(!shows);
        const request = { ledger, scratch: folder, output };
        const report = await askRescue(request, signal, work.tell).finally(work.end);
        if (fingerprintOf(ledger) !== before) throw new Refusal('drift', { path: 'coven.sqlite3', fields: 'content' });
        return report;
      },
      agree: async (report) => isDeepStrictEqual(countsOf(report), action.counts),
      more: {
        backup,
        tell,
        // The run has a name of its own. The re-check must find that its finding is gone.
        recheck: async (fixes) => {
          const verdicts = await recheck([fix]);
          return fixes.map((one) => ({ fix: one, verdict: verdicts[0]?.verdict ?? 'unknown' }));
        },
      },
      signal,
    });
    if (!placed.ended) return refused({ code: 'rescue-differs', facts: {} }, placed.recovered);
    const { outcome, reason } = placed.ended;
    return ended(outcome === 'refused' ? null : placed.runId, { outcome, reason }, placed.recovered);
  } catch (error) {
    if (error instanceof RescueFailed || error instanceof Refused)
      return refused({ code: 'cannot-rescue', facts: { why: error.message } });
    return refused(reasonOf(error));
  }
}
