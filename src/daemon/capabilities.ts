/** `capabilities` of a health answer: Coven's names, false for what this daemon does not do. */
export const healthCapabilities = {
  sessions: true,
  events: true,
  travel: false,
  scheduler: false,
  hub: false,
  executorDispatch: false,
  eventCursor: 'sequence',
  structuredErrors: true,
  sessionHandoff: false,
  sessionLaunchPolicy: false,
  afs: false,
  afsMount: false,
  afsCommit: false,
  afsCommitDryRun: false,
  executionBindingContracts: [],
  requestAdoptionContracts: [],
  sessionPolicyContracts: [],
} as const;

/** The catalogue of `/capabilities`: what this daemon does, and nothing else of what Coven can. */
export const catalogue = {
  capabilities: [
    {
      id: 'coven.sessions',
      label: 'Project-scoped harness sessions',
      adapter: 'coven-daemon',
      status: 'available',
      policy: 'allow',
      actions: [],
    },
  ],
} as const;
