import { ledgerParts, names } from '../../coven/layout.ts';
import type { PlanInput } from '../../model/plan-input.ts';
import { draft, identityOf, type Proposal, refuse } from '../../model/remedy.ts';
import type { Risk } from '../../model/step.ts';

/** Moves names into quarantine, where each was seen; refuses where none was. */
export function moveAside(input: PlanInput, paths: readonly string[], risk: Risk = 'safe'): Proposal {
  const steps = paths.flatMap((path) => {
    const was = identityOf(input, path);
    const beside = ledgerParts.includes(path) ? { beside: identityOf(input, names.ledger) } : {};
    return was ? [draft({ kind: 'quarantine', path, was, ...beside }, 'gone', risk)] : [];
  });
  return steps.length > 0 ? { steps } : refuse('not-seen', { name: paths[0] ?? '' });
}
