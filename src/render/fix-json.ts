import { harmlessJson } from '../model/harmless.ts';
import type { Plan } from '../model/step.ts';
import type { Applied } from '../repair/engine/apply.ts';
import type { Recovered } from '../repair/engine/recover.ts';
import type { Reason } from '../repair/engine/refusal.ts';
import type { Report } from '../run/report.ts';
import { renderJson } from './json.ts';
import { refusalWords, stepWords, undoWords } from './words/fix.ts';
import { reasonWords } from './words/reasons.ts';

export interface Fixed {
  readonly report: Report;
  readonly plan: Plan;
  readonly applied: Applied | null;
  readonly exitCode: number;
  /** The outcome of interrupted runs, and why they could not be recovered. */
  readonly recovered: readonly Recovered[];
  readonly recoveryRefused: Reason | null;
}

/** The report of the last diagnosis, with the plan and its outcome. */
export function renderFixJson(
  { report, plan, applied, exitCode, recovered, recoveryRefused }: Fixed,
  tool: { name: string; version: string },
): string {
  const document = {
    ...(JSON.parse(renderJson(report, tool)) as object),
    exitCode,
    plan: {
      digest: plan.digest,
      steps: plan.steps.map((step) => ({
        id: step.id,
        fix: step.fix,
        kind: step.action.kind,
        phase: step.phase,
        risk: step.risk,
        undo: step.undo,
        message: stepWords(step.action),
        undoMessage: undoWords(step),
        ...(step.action.kind === 'rescue-ledger' && {
          rescue: step.action.counts,
          ...(step.action.backup && { backup: step.action.backup }),
        }),
      })),
      refused: plan.refused.map(({ finding, reason, facts }) => ({
        finding,
        reason,
        message: refusalWords(reason, facts),
      })),
      live: plan.live,
    },
    recovered: recovered.map(({ run, fixes }) => ({
      run,
      fixes: fixes.map(({ fix, outcome, reason }) => ({
        fix,
        outcome,
        ...(reason && { reason: reason.code, message: reasonWords(reason.code, reason.facts) }),
      })),
    })),
    ...(recoveryRefused && {
      recoveryRefused: {
        reason: recoveryRefused.code,
        message: reasonWords(recoveryRefused.code, recoveryRefused.facts),
      },
    }),
    ...(applied && {
      fixes: applied.fixes.map(({ fix, outcome, reason }) => ({
        fix,
        outcome,
        ...(reason && { reason: reason.code, message: reasonWords(reason.code, reason.facts) }),
      })),
      runId: applied.runId,
    }),
  };
  return `${harmlessJson(JSON.stringify(document, null, 2))}\n`;
}
