export interface Install {
  /** Every `coven` on PATH, first found first; `target` is what it leads to. */
  readonly covens: readonly {
    readonly path: string;
    readonly target: string;
    /** Of the npm package that it belongs to, where that is Coven's or this one. */
    readonly version: string | null;
    readonly ours: boolean;
  }[];
  readonly harnesses: readonly { readonly id: string; readonly path: string | null }[];
}

/** One file of a project's maintenance gate. */
export interface Lease {
  readonly name: string;
  readonly state: 'valid' | 'malformed' | 'unreadable';
  /** Seconds since 1970, where it is valid. */
  readonly expiresAt: number | null;
  /** The daemon's session that holds it; null for any other holder. */
  readonly sessionId: string | null;
}

export interface Leases {
  readonly projects: readonly {
    readonly path: string;
    /** `remote`: on a network file system, where a look could hang. */
    readonly gate: 'none' | 'read' | 'unreadable' | 'remote';
    /** Who has fenced the project off for maintenance. */
    readonly owner: Lease | null;
    readonly writers: readonly Lease[];
  }[];
}
