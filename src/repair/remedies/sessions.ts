import type { Process } from '../../model/observation.ts';
import type { PlanInput } from '../../model/plan-input.ts';
import { draft, type Proposal, type Remedy, refuse } from '../../model/remedy.ts';
import { daemonIn } from '../live.ts';
import { processIdentity, startRemedy } from './daemon.ts';

const runs = (input: PlanInput): boolean => daemonIn(input)?.verdict === 'running';

/** As Coven does it: a start marks the rows, and a daemon that runs has to be started anew for that. */
const throughStart = (input: PlanInput): Proposal => ({ steps: [], daemon: runs(input) ? 'restart' : 'start' });

/**
 * A harness that may be ended: the leader of its session, on a terminal that is gone, of a session that is known and not
 * live, holding nothing of Coven's, and not above the doctor. Everything else is reported alone: a server or a terminal
 * multiplexer that a session started carries the same mark.
 */
function mayEnd(input: PlanInput, process: Process): boolean {
  const { role, sessionLeader, deadTerminal, sessionId, uid, own, ownerPid, state } = process;
  const holds =
    input['home.locks']?.files.some(({ holders }) => holders.some(({ pid }) => pid === process.pid)) ?? true;
  return (
    role === 'harness' &&
    sessionLeader &&
    deadTerminal &&
    sessionId !== null &&
    ownerPid === null &&
    uid === input.machine?.uid &&
    state !== 'Z' &&
    !own &&
    !holds &&
    !process.ledgerOpen
  );
}

function endHarnesses(input: PlanInput): Proposal {
  const steps = (input.processes?.list ?? [])
    .filter((process) => mayEnd(input, process))
    .flatMap((process) => processIdentity(input, process) ?? [])
    .map((process) => draft({ kind: 'end-process', process, kill: true }, 'alive', 'lossy'));
  return steps.length > 0 ? { steps } : refuse('not-provably-left');
}

export const orphanRemedy: Remedy = {
  ...{ risk: 'safe', daemon: 'start' },
  summary: `${startRemedy.summary}; the start marks the rows, as Coven does it`,
  plan: throughStart,
};
export const harnessRemedy: Remedy = {
  risk: 'lossy',
  summary: 'ends the harnesses that are proven to be left over, one by one',
  plan: endHarnesses,
};
