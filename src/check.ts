import type { ObservationKey, Observations } from './observation.ts';

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

/** A cause, as data. Words for it live in render. */
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

/** The observations that a check asked for; each is there, or the check is not asked. */
export type Seen<K extends ObservationKey = ObservationKey> = {
  readonly [P in K]: Observations[P];
};

/** `custom` is every check that is not ours. */
export type Category = 'home' | 'daemon' | 'store' | 'sessions' | 'install' | 'harness' | 'upgrade' | 'custom';

/** Words that a check which is not ours brings with it; `{name}` in a template stands for the fact of that name. */
export interface StatedWords {
  /** What the check asks, as a short question or title. */
  readonly title: string;
  /** What it decides and why that matters. */
  readonly explain: string;
  /** By code, every one that the check can say: `ok` is the pass. */
  readonly causes: Readonly<Record<string, { readonly message: string; readonly hint?: string }>>;
}

export interface Check<K extends ObservationKey = ObservationKey> {
  readonly id: string;
  readonly category: Category;
  /** The module that it came from, and its words, where it is not ours. */
  readonly stated?: StatedWords & { readonly module: string };
  /** Observations without which nothing can be said; one that fails makes the check `unknown`. */
  readonly needs: readonly K[];
  /** Why the question makes no sense here, named as a code, or undefined to judge. */
  readonly skip?: (seen: Seen<K>) => string | undefined;
  /** Pure: the same observations give the same findings. At least one finding, `ok` included. */
  readonly judge: (seen: Seen<K>, signal: AbortSignal) => readonly Finding[] | Promise<readonly Finding[]>;
}

/**
 * Declares a check. Its id is `area` or `area:subject` in lower case and never changes; throws a TypeError otherwise.
 * The result is widened, so that checks with different needs stand in one list; the runner gives each what it needs.
 */
export function defineCheck<const K extends ObservationKey>(check: Check<K>): Check {
  if (!shapes.id.test(check.id)) throw new TypeError(`not a check id: ${check.id}`);
  return check as unknown as Check;
}

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
