/**
 * Where a command puts what is to come into the home, before any lock of Coven is taken. Paths that it gives are in the
 * folder of the run, private and on the file system of the home. What is put there must be durable.
 */
export interface Stage {
  /** Canonical path of the home. */
  readonly home: string;
  /** The folder of the run: scratch in it has a name that `isScratch` knows. */
  readonly run: string;
  /** Where to put the file, symlink or folder that is to come to a path below the home. */
  readonly entry: (path: string) => string;
  /**
   * Notes a ledger as it is now; where it is not that any more under the locks, the run is refused. So ask before anything
   * is compared with it or made of it. Put a complete main file, with no WAL of its own, at `main`; and at `settled`, where
   * it can be made, a copy of the ledger that is there with its WAL in its main file (see `settleNow`). One without a file at
   * `main` is left as it is.
   */
  readonly ledger: (path: string) => { readonly main: string; readonly settled: string };
}
