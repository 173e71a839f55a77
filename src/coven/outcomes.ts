import type { StoreSessions } from '../model/observation.ts';

type Latest = StoreSessions['latest'];

export interface Outcomes {
  /** The newest sessions, as many as failed without another one between that went well. */
  readonly failed: Latest;
  /** The newest one that went well, behind them. */
  readonly lastGood: Latest[number] | null;
}

/** How a session went well. Those that somebody ended, that lost their daemon, or that still run say nothing of what comes next. */
const good: readonly string[] = ['completed', 'idle'];

/** How the newest sessions ended, newest first. */
export function outcomesOf(latest: Latest): Outcomes {
  const at = latest.findIndex(({ status }) => good.includes(status));
  return {
    failed: latest.slice(0, at === -1 ? undefined : at).filter(({ status }) => status === 'failed'),
    lastGood: latest[at] ?? null,
  };
}

/** What became of the sessions since a moment: every one failed, one at least went well, or none ended. */
export function outcomeSince(latest: Latest, since: string | null): 'failed' | 'good' | 'none' {
  const start = Date.parse(since ?? '');
  const made = latest.filter(({ createdAt }) => Date.parse(createdAt) >= start);
  if (made.some(({ status }) => good.includes(status))) return 'good';
  return made.some(({ status }) => status === 'failed') ? 'failed' : 'none';
}
