/** What is told of the sessions of a ledger in which there are none, or of which none could be read. */
export const noSessions = {
  byStatus: {},
  byDay: [],
  open: [],
  openComplete: true,
  recent: { made: 0, failed: 0, orphaned: 0 },
  latest: [],
  projects: [],
  ahead: { sessions: 0, events: 0, lastAt: null, list: [] },
  behind: { events: 0, sessions: 0, firstAt: null, newestAt: null, all: 0 },
  artifacts: 0,
  oldestArtifactAt: null,
  content: { unknownStatus: [], lost: null, sequenceAtEnd: null, largeEvent: null },
  impossible: [],
  impossibleComplete: false,
} as const;
