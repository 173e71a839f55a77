/** The one daemon contract that this release understands. Clients fail closed on any other. */
export const apiVersion = 'coven.daemon.v1';

/** What `capabilities` of a health answer must say before a client may rely on sessions and events. */
export const requiredCapabilities = {
  sessions: true,
  events: true,
  structuredErrors: true,
  eventCursor: 'sequence',
} as const;

/** Environment names by which Coven marks a harness process (read from /proc/PID/environ). */
export const markers = {
  home: 'COVEN_HOME',
  participant: 'COVEN_MAINTENANCE_PARTICIPANT',
} as const;

/** Prefix of the participant id of a session that a daemon owns; a standalone `coven run` has `session-<random>`. */
export const daemonParticipant = 'daemon-session-';

/** Largest daemon.json that Coven reads; a longer one makes every command fail. */
export const recordLimitBytes = 16_384;

/** Free disk below which Coven stops its maintenance and calls its storage critical. */
export const criticalDiskBytes = 256 * 1024 ** 2;

/** Free disk below which Coven calls its storage a warning. */
export const lowDiskBytes = 1024 ** 3;

/** Size of the WAL from which Coven calls its storage a warning. */
export const warnedWalBytes = 16 * 1024 ** 2;

/** The harnesses that Coven knows by itself; their ids are the names of their programs. */
export const harnessCommands = ['codex', 'claude', 'coven-code', 'copilot'] as const;

/** Age in seconds from which a `created` row counts as never launched: Coven then marks it `failed`. */
export const strandedSeconds = 600;

/** Sessions and events of the future beyond this many are not counted. */
export const aheadMost = 20_000;

/** Nothing of Coven was recorded before: what is dated so has its time from a clock that had stopped. Its packages are of 2026. */
export const covenSince = '2025-01-01T00:00:00Z';

/** Every status of a session that this release knows. Source: those that Coven 0.4.6 writes, and those that its program tells apart. */
export const sessionStatuses: readonly string[] = [
  ...['created', 'running', 'idle', 'completed', 'failed', 'cancelled', 'killed', 'orphaned'],
];

/** The largest payload of an event that fits into an answer of 4 MiB with the rest of the event. Tried on Coven 0.4.6. */
export const largestEventBytes = 4_193_800;
