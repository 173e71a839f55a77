import type { Observations } from '../model/observation.ts';
import { strandedSeconds } from './contract.ts';
import { ageSeconds } from './liveness.ts';
import { judgeRows, rowNeeds } from './rows.ts';

/** What is known of a session beyond what its row says. */
export type SessionState =
  /** A process of a live daemon or `coven run` is proven. */
  | 'live'
  /** Its harness lives, and its daemon is gone. */
  | 'unowned'
  /** Its process is gone, whether Coven has noticed or not. */
  | 'orphaned'
  /** Made over ten minutes ago and never launched. */
  | 'stranded'
  /** Made just now. */
  | 'waiting'
  /** Another program's: Coven never touches it. */
  | 'external'
  | 'ended'
  /** Whether its process lives cannot be told from here. */
  | 'unknown';

/** In the order in which they are listed. */
export const sessionStates: readonly SessionState[] = [
  'live',
  'unowned',
  'unknown',
  'orphaned',
  'stranded',
  'waiting',
  'external',
  'ended',
];

export const stateNeeds = rowNeeds;
type Observed = { readonly [K in (typeof rowNeeds)[number]]: Observations[K] };

export interface StatedRow {
  readonly id: string;
  readonly status: string;
  readonly createdAt: string;
  readonly external: boolean;
}

/** The state of a row, by the judgement of the checks. Where nothing was observed, nothing is proven of a row that is open. */
export function stateOf(observed: Observed | null): (row: StatedRow) => SessionState {
  const judged = observed && judgeRows(observed);
  const has = (rows: readonly { readonly id: string }[] | undefined, { id }: StatedRow): boolean =>
    rows?.some((row) => row.id === id) ?? false;
  return (row) => {
    if (row.status === 'orphaned') return 'orphaned';
    if (row.status !== 'running' && row.status !== 'created') return 'ended';
    if (row.external) return 'external';
    if (row.status === 'created') {
      const age = observed ? ageSeconds(row.createdAt, observed.machine.now) : null;
      return age === null ? 'unknown' : age > strandedSeconds ? 'stranded' : 'waiting';
    }
    if (has(judged?.live, row)) return 'live';
    if (has(judged?.unowned, row)) return 'unowned';
    return has(judged?.orphaned, row) ? 'orphaned' : 'unknown';
  };
}

/** A session as it is listed, whatever it was read from. */
export interface ListedSession {
  readonly id: string;
  readonly state: SessionState;
  readonly status: string;
  readonly harness: string;
  readonly projectRoot: string;
  readonly title: string | null;
  readonly exitCode: number | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly events: number | null;
}
