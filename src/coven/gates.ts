import { type Cause, type Finding, pass, skipped } from '../model/check.ts';
import type { Home, Machine, StoreOpen, StoreSessions } from '../model/observation.ts';
import { type DamageSeen, hidesRows } from './ledger.ts';
import { judgeLiveness, type LivenessInput } from './liveness.ts';

/** Why questions about what is in the home make no sense; undefined where they do. */
export function withoutHome({ home }: { readonly home: Home }): string | undefined {
  if (home.kind === 'absent') return 'no-home';
  if (home.kind !== 'directory') return 'home-not-a-directory';
  return home.listable ? undefined : 'home-unreadable';
}

/** Why questions about rows make no sense; undefined where the ledger opened. */
export function withoutLedger(seen: { readonly home: Home; readonly 'store.open': StoreOpen }): string | undefined {
  const home = withoutHome(seen);
  if (home) return home;
  const { outcome, walForeign } = seen['store.open'];
  // What is read through another ledger's WAL is that ledger.
  if (walForeign) return 'wal-foreign';
  if (outcome === 'opened') return undefined;
  return outcome === 'missing' || outcome === 'empty' ? 'no-ledger' : 'ledger-not-opened';
}

/** Why the daemon cannot be asked; undefined where it runs. */
export function withoutDaemon(seen: LivenessInput): string | undefined {
  const { verdict } = judgeLiveness(seen);
  return withoutHome(seen) ?? (verdict === 'running' ? undefined : `daemon-${verdict}`);
}

/** Why its answer cannot be judged; undefined where it answered. */
export function withoutAnswer(seen: LivenessInput): string | undefined {
  return withoutDaemon(seen) ?? (seen['daemon.health'].outcome === 'answered' ? undefined : 'no-answer');
}

/** Why the rows cannot be judged; undefined where they were read. */
export function withoutRows(seen: {
  readonly home: Home;
  readonly 'store.open': StoreOpen;
  readonly 'store.sessions': StoreSessions;
}): string | undefined {
  return withoutLedger(seen) ?? (seen['store.sessions'].outcome === 'read' ? undefined : 'sessions-unread');
}

/** Why a check of rows does not pass on a damaged ledger. */
export const rowsUnread: { readonly 'ledger-damaged': Cause } = {
  'ledger-damaged': { message: () => 'skipped: the ledger is damaged, so that not all of its rows were read' },
};

/**
 * A pass about rows of `tables`, or a skip where not all of them were read. Findings about rows that were read stand all the
 * same: they are true of those.
 */
export const passOfRows = (
  seen: DamageSeen,
  tables: readonly string[],
  ...about: Parameters<typeof pass>
): readonly [Finding] => [hidesRows(seen, ...tables) ? skipped('ledger-damaged', ...about) : pass(...about)];

/** Why mounts cannot be judged: only Linux tells them in /proc. */
export function withoutMounts({ machine }: { readonly machine: Machine }): string | undefined {
  return machine.platform === 'linux' ? undefined : 'no-mounts';
}
