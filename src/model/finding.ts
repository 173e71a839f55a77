import type { ObservationKey } from './observation.ts';

/** `fail`: Coven cannot do its work, or data is at risk. `warn`: it works, and somebody should look. */
export type Status = (typeof statuses)[number];
export const statuses = ['pass', 'warn', 'fail', 'unknown', 'skipped'] as const;

/** Values that a finding's words are made of. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>;

/** One field of one observation that a finding rests on. */
export interface Evidence {
  readonly observation: ObservationKey;
  readonly field: string;
  readonly value: string | number | boolean | null;
}

/** A cause that was found, as data: its words and its remedy are the check's. */
export interface Finding {
  /** Stable name of the cause, `ok` for a pass. */
  readonly code: string;
  readonly status: Status;
  /** What it is about, as a role token: `<coven-home>`, `<daemon-socket>`. */
  readonly target: string;
  readonly facts: Facts;
  readonly evidence: readonly Evidence[];
  /** Why support should see this, where recovery by hand is at its end. */
  readonly escalate?: (typeof escalations)[number];
}

export const escalations = [
  'ledger-cannot-open',
  'socket-cannot-bind',
  'health-failed',
  'contract-not-understood',
  'sessions-failing',
] as const;

/** What an id, a code and a target look like; a target is a role, and may go on below it. */
export const shapes = { id: /^[a-z]+(:[a-z0-9-]+)?$/, code: /^[a-z0-9-]+$/, target: /^<[a-z-]+>/ } as const;

/** Evidence from one observation: `from('home', { mode: 0o755 })`. */
export function from(observation: ObservationKey, fields: Facts): readonly Evidence[] {
  return Object.entries(fields).map(([field, value]) => ({
    observation,
    field,
    value,
  }));
}

type Rest = {
  readonly facts?: Facts;
  readonly evidence: readonly Evidence[];
  readonly escalate?: Finding['escalate'];
};

function finding(status: Status, code: string, target: string, rest: Rest): Finding {
  const { escalate } = rest;
  return {
    code,
    status,
    target,
    facts: rest.facts ?? {},
    evidence: rest.evidence,
    ...(escalate && { escalate }),
  };
}

export const pass = (target: string, rest: Rest): Finding => finding('pass', 'ok', target, rest);
/** What was asked and cannot be answered here, though nothing is in doubt. */
export const skipped = (code: string, target: string, rest: Rest): Finding => finding('skipped', code, target, rest);
export const warn = (code: string, target: string, rest: Rest): Finding => finding('warn', code, target, rest);
export const fail = (code: string, target: string, rest: Rest): Finding => finding('fail', code, target, rest);
export const unknown = (code: string, target: string, rest: Rest): Finding => finding('unknown', code, target, rest);
