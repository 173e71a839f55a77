import { foreignProgram } from '../host/coven-program.ts';
import { StepFailed } from './outcome.ts';
import type { DaemonState } from './probe.ts';
import type { Coven } from './which.ts';

/** What was found, in words, where it is not what a step needs. */
export function describe({ verdict, pid, reason, recordedPid }: DaemonState): string {
  const who = pid === null ? 'a process' : `pid ${pid}`;
  switch (verdict) {
    case 'running':
      return `the daemon (${who}) runs and gives no valid health answer`;
    case 'starting':
      return `the daemon (${who}) is still starting`;
    case 'stopped':
      return 'no daemon runs';
    case 'stale':
      return `no daemon runs, and daemon.json still names pid ${recordedPid}`;
    case 'hung':
      return `the daemon (${who}) is alive and does not answer`;
    case 'slow':
      return `the daemon (${who}) is working and has not answered yet`;
    case 'unreachable':
      return `the daemon (${who}) is alive and its socket is gone`;
    case 'elsewhere':
      return `the daemon (${who}) that was started for this path serves another folder`;
    case 'duplicate':
      return `more than one daemon serves this home (one is ${who})`;
    case 'foreign':
      return `${who} that is no daemon of this home answers on its socket`;
    default:
      return reason ?? 'it cannot be told whether a daemon runs';
  }
}

/** A home whose daemon is neither clearly gone nor well is left alone: two daemons would contend for the ledger. */
export function unclear(state: DaemonState): StepFailed {
  return new StepFailed('looking at the home', `${describe(state)}; \`coven-doctor\` tells more`);
}

/** Throws StepFailed where the end of the daemon would be that of rows which it alone has open. */
export function refuseLoss({ adrift, pid }: DaemonState): void {
  if (!adrift) return;
  throw new StepFailed(
    'looking at the ledger',
    `the daemon (pid ${pid}) writes to a ledger that was deleted or replaced, and what it has recorded is gone when it ends; ` +
      '`coven-doctor --only store:open` tells how to save it; --discard-unsaved ends it all the same',
  );
}

/**
 * Throws StepFailed where daemon.json names a process that Coven takes for its daemon though it is none: its start, stop
 * and restart refuse then, and advise each other for ever. The minimal daemon writes a record of its own.
 */
export function refuseTakenForAlive({ kind }: Coven, { verdict, recorded, recordedPid }: DaemonState): void {
  if (kind !== 'other' || verdict !== 'stale' || recorded === 'dead') return;
  const why = recorded === 'zombie' ? 'has ended and was not reaped by its parent' : 'is another process by now';
  throw new StepFailed(
    'looking at the home',
    `daemon.json names pid ${recordedPid}, which ${why}, and Coven takes it for its daemon; move daemon.json aside first`,
  );
}

/**
 * Throws StepFailed where another user decides what a program that was only found would do: root would become that user's
 * tool, and what everybody can write to is nobody's. A program that was asked for by name is its asker's choice.
 */
export function refuseForeign({ kind, by, command: [file] }: Coven): void {
  if (kind !== 'other' || by === 'option') return;
  const foreign = foreignProgram(file);
  if (foreign === null || (foreign.owner !== null && process.geteuid?.() !== 0)) return;
  const whose =
    foreign.owner === null
      ? 'can be written to by everybody'
      : `belongs to uid ${foreign.owner}, and root would run it`;
  throw new StepFailed(
    'choosing the daemon',
    `${foreign.path} ${whose}; run this as the user whose home it is, or name the program that you trust with --daemon-command`,
  );
}
