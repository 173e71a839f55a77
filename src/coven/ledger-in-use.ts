import { livenessNeeds } from '../model/needs.ts';
import { type Observed, whole } from '../model/observation.ts';
import { judgeLiveness } from './liveness.ts';

/**
 * Whether a process may have the ledger open: then it is not replaced, nor is a rescue of it foreseen. Where the processes
 * or the daemon could not be seen, one may.
 */
export function mayBeOpen(input: Observed<(typeof livenessNeeds)[number]>): boolean {
  const seen = whole(input, livenessNeeds);
  if (!seen || seen.processes.list.some(({ ledgerOpen }) => ledgerOpen)) return true;
  const { verdict } = judgeLiveness(seen);
  return verdict !== 'stopped' && verdict !== 'stale';
}
