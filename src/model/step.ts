import type { FileIdentity, LedgerIdentity, ProcessIdentity, TwoValues } from './observation.ts';
import type { RescueTold } from './rescue-told.ts';

/** The files of a ledger that is replaced: one that is damaged may lack its main file, or have a rollback journal. */
export interface LedgerFiles {
  readonly main: FileIdentity | null;
  readonly wal: FileIdentity | null;
  readonly shm: FileIdentity | null;
  readonly journal?: FileIdentity | null | undefined;
}

/** Sessions that a plan names one by one. */
export const toldSessions = 100;

/** What a rescue would bring back of a damaged ledger, and what it would not: the loss that is agreed to. */
export interface RescueCounts extends Omit<RescueTold, 'damage' | 'sessions'> {
  /** The first sessions that are not complete, by id, and how many there are. */
  readonly sessions: readonly {
    readonly session: string;
    readonly lost: number;
    readonly uncertain: number;
    /** Its own row is lost. */
    readonly placeholder: boolean;
    /** Events that are most likely its, of which nothing says whose they are. */
    readonly likely: number;
    /** Its row says that it ran, and none of its events is there. */
    readonly eventless: boolean;
  }[];
}

/** A sound backup of this home that holds rows which a damaged ledger lost. */
export interface FillingBackup {
  readonly run: string;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly sessions: number;
  readonly events: number;
  /** Rows that are lost or uncertain, and that it would fill. */
  readonly fills: number;
  /** What a rescue brings back that it does not hold. */
  readonly lacks: { readonly sessions: number; readonly events: number };
}

/**
 * The only ways in which a home, its daemon or its processes are ever changed: data that prints, saves, is journalled
 * and is compared alike. Paths are names below the home with `/` between their parts; `.` is the home itself.
 */
export type Action =
  /**
   * Moved into the run's quarantine, never removed. A ledger's WAL and shared memory are steps of their own; `beside` is
   * the main file that such a part lies beside, null where there is none.
   */
  | {
      readonly kind: 'quarantine';
      readonly path: string;
      readonly was: FileIdentity;
      readonly beside?: FileIdentity | null | undefined;
    }
  /** Out of the quarantine of a run, to where it was: the inverse of `quarantine`. */
  | {
      readonly kind: 'put-back';
      readonly path: string;
      readonly run: string;
      readonly item: string;
      readonly was: FileIdentity;
      readonly beside?: FileIdentity | null | undefined;
    }
  | { readonly kind: 'set-mode'; readonly path: string; readonly mode: number; readonly was: FileIdentity }
  | {
      readonly kind: 'set-owner';
      readonly path: string;
      readonly uid: number;
      readonly gid: number;
      readonly was: FileIdentity;
    }
  /** A copy that holds what is in the WAL takes the ledger's place; the two that follow do that, too. */
  | { readonly kind: 'checkpoint'; readonly ledger: LedgerIdentity }
  | {
      readonly kind: 'rebuild-index';
      readonly index: string;
      readonly ledger: LedgerIdentity;
      /** Where a table and its index have a value in two versions: that of the table stays, and may be the wrong one. */
      readonly values?: readonly TwoValues[] | undefined;
    }
  /** A rescued ledger takes the place of the damaged one: the run that `coven-doctor rescue` makes, and no other loss than this. */
  | {
      readonly kind: 'rescue-ledger';
      readonly ledger: LedgerFiles;
      readonly counts: RescueCounts;
      /** The newest that would fill some of the loss. It is offered, and not taken. */
      readonly backup?: FillingBackup | undefined;
    }
  /** The full-text index, from the events that it is made of. */
  | { readonly kind: 'rebuild-search'; readonly ledger: LedgerIdentity }
  /**
   * Two ledgers change places: the one in the home, and the one that `run` has as `item`-…: an earlier run in its quarantine,
   * this run among what it staged. `path` is the main file, where it is another than the home's own ledger.
   */
  | {
      readonly kind: 'swap-ledger';
      readonly path?: string | undefined;
      readonly run: string;
      readonly item: string;
      readonly ledger: LedgerFiles;
      readonly to: LedgerFiles;
      /** A copy of the one that has a WAL, with its WAL in its main file. Null: the other one is that. */
      readonly settled?: FileIdentity | null | undefined;
      /** SQLite opens only one of the two, so there is no such copy, and nobody sees rows of the other. */
      readonly unsettled?: boolean | undefined;
    }
  /** What `run` has as `item` comes to `path`, and what is there goes to the quarantine of this run; null is nothing. */
  | {
      readonly kind: 'place';
      readonly path: string;
      readonly run: string;
      readonly item: string;
      readonly was: FileIdentity | null;
      readonly is: FileIdentity | null;
    }
  /** `ends` are the live sessions that it may end or call orphaned, by id: what is agreed to covers no others. */
  | { readonly kind: 'start-daemon' | 'restart-daemon'; readonly ends?: readonly string[] | undefined }
  | { readonly kind: 'continue-process'; readonly process: ProcessIdentity }
  /** SIGTERM, and SIGKILL after it where `kill` says so. */
  | {
      readonly kind: 'end-process';
      readonly process: ProcessIdentity;
      readonly kill: boolean;
      /** Of a daemon: the live sessions that end with it, as above. */
      readonly ends?: readonly string[] | undefined;
    }
  /** The backup of an earlier run, by that run's id: the only deletion that there is. */
  | { readonly kind: 'remove-backup'; readonly run: string };

export type ActionKind = Action['kind'];

/**
 * When a step is taken, and under which locks: `alive` beside a daemon that may run, under daemon.lock; `gone` where
 * none may, under state.lock, daemon.lock and daemon-serve.lock; `after` with no lock held, since daemons take them.
 */
export type Phase = 'alive' | 'gone' | 'after';

/** `safe` loses nothing and interrupts nobody; `disruptive` ends live work; `lossy` may lose data. */
export type Risk = 'safe' | 'disruptive' | 'lossy';

export interface Step {
  /** Unique in its plan, in the order of the plan: `1`, `2`. */
  readonly id: string;
  /** The finding that it is for: `daemon:record reused-pid`. Steps of one fix are all taken, or all taken back. */
  readonly fix: string;
  readonly action: Action;
  readonly phase: Phase;
  readonly risk: Risk;
  /** `none` where what follows is not ours to take back: what a daemon does once it runs, a signal that was sent. */
  readonly undo: 'exact' | 'none';
  /** Other fixes of the plan without which this step would do harm; it is not taken where one of them failed. */
  readonly requires: readonly string[];
}

/** A finding that nothing is done about, and why, as a code. */
export interface Refused {
  readonly finding: string;
  readonly reason: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Plan {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  /** The home that it is for; a plan holds no path of the machine. */
  readonly home: { readonly dev: string; readonly ino: string };
  readonly machine: { readonly bootId: string | null; readonly pidNamespace: string | null };
  /** ISO 8601. */
  readonly madeAt: string;
  readonly expiresAt: string;
  readonly steps: readonly Step[];
  readonly refused: readonly Refused[];
  /** Sessions that live while the plan is made: what a restart would end, and what a start would call orphaned. */
  readonly live: { readonly daemonSessions: readonly string[]; readonly runSessions: readonly string[] };
  /** sha256 in hex of home, machine and steps; times and words are not part of it. */
  readonly digest: string;
}

/**
 * Whether a step may be taken under what is agreed to. Whether a rescue loses rows is known only when it was tried, so who
 * allows one that does need not allow one that does not, too.
 */
export const isAllowed = ({ risk, action }: Pick<Step, 'risk' | 'action'>, allow: ReadonlySet<Risk>): boolean =>
  allow.has(risk) || (action.kind === 'rescue-ledger' && allow.has('lossy'));

/** What has to be allowed so that each step may be taken. */
export function risksOf(steps: readonly Step[]): readonly Risk[] {
  const risks = [...new Set(steps.map(({ risk }) => risk))];
  const rest = (risk: Risk): ReadonlySet<Risk> => new Set(risks.filter((other) => other !== risk));
  return risks.filter(
    (risk) => risk !== 'safe' && steps.some((step) => step.risk === risk && !isAllowed(step, rest(risk))),
  );
}

/** Steps that are not taken under what is agreed to: of a fix with a step of another risk, or that rests on such a fix. */
export function barredSteps({ steps }: Pick<Plan, 'steps'>, allow: ReadonlySet<Risk>): readonly Step[] {
  const barred = new Set(steps.filter((step) => !isAllowed(step, allow)).map(({ fix }) => fix));
  for (const { fix, requires } of steps) if (requires.some((needed) => barred.has(needed))) barred.add(fix);
  return steps.filter(({ fix }) => barred.has(fix));
}
