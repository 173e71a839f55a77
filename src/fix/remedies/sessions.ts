import { judgeLiveness, type LivenessSight } from '../../coven/liveness.ts';
import type { Process } from '../../observation.ts';
import { draft, type Remedies, type Remedy, refuse } from '../remedy.ts';
import type { PlanSight } from '../sight.ts';
import { processIdentity } from './daemon.ts';

const runs = (sight: PlanSight): boolean => judgeLiveness(sight as LivenessSight).verdict === 'running';

/** As Coven does it: a start marks the rows, and a daemon that runs has to be started anew for that. */
const throughStart = (sight: PlanSight): Remedy => ({ steps: [], daemon: runs(sight) ? 'restart' : 'start' });

/**
 * A harness that may be ended: the leader of its session, on a terminal that is gone, of a session that is known and not
 * live, holding nothing of Coven's, and not above the doctor. Everything else is reported alone: a server or a terminal
 * multiplexer that a session started carries the same mark.
 */
function mayEnd(sight: PlanSight, process: Process): boolean {
  const { role, sessionLeader, deadTerminal, sessionId, uid, own, ownerPid, state } = process;
  const holds =
    sight['home.locks']?.files.some(({ holders }) => holders.some(({ pid }) => pid === process.pid)) ?? true;
  return (
    role === 'harness' &&
    sessionLeader &&
    deadTerminal &&
    sessionId !== null &&
    ownerPid === null &&
    uid === sight.machine?.uid &&
    state !== 'Z' &&
    !own &&
    !holds &&
    !process.ledgerOpen
  );
}

function endHarnesses(sight: PlanSight): Remedy {
  const steps = (sight.processes?.list ?? [])
    .filter((process) => mayEnd(sight, process))
    .flatMap((process) => processIdentity(sight, process) ?? [])
    .map((process) => draft({ kind: 'end-process', process, kill: true }, 'alive', 'lossy'));
  return steps.length > 0 ? { steps } : refuse('not-provably-left');
}

export const sessionRemedies: Remedies = {
  'sessions:orphaned orphaned': throughStart,
  'sessions:stranded stranded': throughStart,
  'sessions:processes unowned': endHarnesses,
};
