/** Why something was not done, or was taken back, as a code; words for it live in render. */
export type ReasonCode =
  /** Acts relative to an open folder need /proc/self/fd. */
  | 'platform'
  | 'no-home'
  | 'home-symlink'
  /** Its mode does not let its owner look into it. */
  | 'home-shut'
  /** The home is another user's, whoever runs this. */
  | 'foreign-home'
  /** The path names another folder than it did. */
  | 'home-moved'
  | 'other-home'
  | 'other-boot'
  | 'expired'
  /** The plan is not what its digest says. */
  | 'altered'
  /** What is in `doctor/` is not the user's alone: owner, mode, kind or a second name. */
  | 'not-private'
  | 'second-doctor'
  | 'lock-held'
  | 'lock-invalid'
  | 'lock-replaced'
  | 'cannot-lock'
  | 'journal-damaged'
  /** A file is not as it was. */
  | 'drift'
  /** A ledger was written to after a run that was cut off: it stays as it is. */
  | 'written-since'
  /** A WAL belongs beside another main file than the one that is there now. */
  | 'ledger-changed'
  /** The ledger is a link to a file elsewhere, on which no step of ours works. */
  | 'ledger-elsewhere'
  /** A hard link or a foreign owner makes the act unsafe. */
  | 'linked'
  | 'foreign-file'
  /** A step is not of the vocabulary, or nothing carries it out. */
  | 'vocabulary'
  | 'risk'
  /** Another fix that this one rests on failed. */
  | 'requires'
  | 'backup'
  /** A rescue cannot be made, or would lose other rows than were agreed to. */
  | 'cannot-rescue'
  | 'rescue-differs'
  | 'backup-outdated'
  /** The backup could not hold what the step is about. */
  | 'not-backed-up'
  /** The proven copy of the ledger is damaged: nothing that opens the ledger is done. */
  | 'unsound-ledger'
  | 'interrupted'
  /** A system call failed. */
  | 'io'
  /** A daemon could not be started, or did not prove that it runs. */
  | 'daemon'
  /** A session lives that the plan does not know of, or whether one does cannot be told. */
  | 'live-session'
  | 'sessions-unseen'
  | 'cannot-mend'
  | 'still-there'
  | 'not-verified'
  /** More runs, or longer journals, than are looked through. */
  | 'too-many-runs'
  | 'no-such-run'
  | 'nothing-to-undo'
  /** Every repair was taken back. */
  | 'all-undone'
  /** What the steps of an undo would bring about is so already. */
  | 'already-so'
  | 'already-undone'
  | 'not-undoable'
  /** An earlier run can neither be completed nor taken back now. */
  | 'unfinished'
  | 'unfinished-restore';

export type Facts = Readonly<Record<string, string | number | boolean | null>>;

export interface Reason {
  readonly code: ReasonCode;
  readonly facts: Facts;
}

/** Not done, and nothing was changed by it. */
export class Refusal extends Error {
  readonly reason: Reason;
  constructor(code: ReasonCode, facts: Facts = {}) {
    super(`${code} ${JSON.stringify(facts)}`);
    this.reason = { code, facts };
  }
}

/** Begun and not done: something was changed by it. */
export class Failure extends Error {
  readonly reason: Reason;
  constructor(code: ReasonCode, facts: Facts = {}) {
    super(`${code} ${JSON.stringify(facts)}`);
    this.reason = { code, facts };
  }
}

/** The reason of anything that was thrown; what is neither one of these nor a system call's failure is thrown again. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof Refusal || error instanceof Failure) return error.reason;
  if (error instanceof Error && 'syscall' in error && 'code' in error)
    return { code: 'io', facts: { call: String(error.syscall), errno: String(error.code) } };
  throw error;
}
