import type { Process } from '../model/observation.ts';
import type { LivenessInput } from './liveness.ts';

/** A process whose ledger is not the one at its path: what it has written is gone when it ends. */
export type AdriftProcess = Process & Required<Pick<Process, 'adrift'>>;

/**
 * Daemons and runs of this home that write to a ledger which was deleted or replaced beneath them. Source: Coven 0.4.6, whose
 * event writer goes on in the deleted file, while new sessions get their rows in the file at the path.
 */
export const adriftIn = ({ processes }: Pick<LivenessInput, 'processes'>): readonly AdriftProcess[] =>
  processes.list.filter((process): process is AdriftProcess => process.adrift !== undefined && process.state !== 'Z');

/** Whether the daemon is one of them: the live one, or any where it is not known which lives. */
export const isDaemonAdrift = (daemon: Pick<LivenessInput, 'processes'>, live: number | null): boolean =>
  adriftIn(daemon).some(({ pid, role }) => role === 'serve' && pid === (live ?? pid));
