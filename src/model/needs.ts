/** What the verdict on a home's daemon rests on. */
export const livenessNeeds = [
  'machine',
  'home',
  'home.locks',
  'processes',
  'daemon.record',
  'daemon.socket',
  'daemon.health',
] as const;

/** And the judgement of what is in the way of a start, a restart, a stop and a vacuum. */
export const lifecycleNeeds = [
  ...livenessNeeds,
  'home.entries',
  'home.filesystem',
  'home.disk',
  'home.access',
  'home.held',
  'home.config',
  'store.files',
  'store.open',
  'store.bytes',
  'store.integrity',
  'store.rehearsal',
  'store.sessions',
  'sessions.automations',
  'install',
] as const;
