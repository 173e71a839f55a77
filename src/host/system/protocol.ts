/** What the process that asks the system is asked: one of these a line. */
export type SystemRequest = 'machine' | 'processes';

/** Of the machine, one line each: what takes long keeps back nothing else. Nothing in them says whose it is. */
export interface MachineFacts {
  readonly cpu: {
    readonly brand: string;
    readonly cores: number;
    readonly physicalCores: number;
    readonly virtualization: boolean;
  };
  /** Bytes. */
  readonly memory: {
    readonly total: number;
    readonly available: number;
    readonly swaptotal: number;
    readonly swapused: number;
  };
}

/** A process as ps(1) tells it. */
export interface ListedProcess {
  readonly pid: number;
  readonly ppid: number;
  /** -1 for a user whose number is not known here. */
  readonly uid: number;
  readonly state: 'S' | 'T' | 'Z';
  /** From its age in seconds, so it may be one off. */
  readonly startedAt: string | null;
  /** Split at spaces: where an argument ends is not told. */
  readonly argv: readonly string[];
}
