import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { now } from './clock.ts';
import { prepareEvents } from './events.ts';
import { createHealth } from './health.ts';
import { prepareHome, refuseInterruptedReset } from './home.ts';
import { createApi } from './http.ts';
import { openLedger } from './ledger.ts';
import { createLiveSessions } from './live.ts';
import { takeLocks } from './locks.ts';
import { openLog, type RecoveryLog } from './log.ts';
import { type Daemon, removeRecord, writeRecord } from './record.ts';
import { recoverSessions } from './recovery.ts';
import { createRoutes } from './routes.ts';
import { prepareSessions } from './sessions.ts';
import { publishSocket } from './socket.ts';
import { createWriter } from './writer.ts';

export interface ServeOptions {
  /** Path of the Coven home; made where there is none. */
  readonly home: string;
  /** The start time that the starter told, RFC 3339; without it the daemon takes its own. */
  readonly managedStartedAt?: string;
  /** Aborting it is a clean stop, as SIGTERM, SIGINT and SIGHUP are; a reason in words is told in the log. */
  readonly signal?: AbortSignal;
}

const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** How long a stop waits for a ledger that takes no rows, milliseconds. */
const lastCommitMillis = 5000;

/**
 * Serves a Coven home until it is told to stop. Resolves after a clean stop; throws an Error with one line that names
 * the step of the start-up that failed and why, which is in the recovery log, too, once that is open.
 */
export async function serve({ home: path, managedStartedAt, signal }: ServeOptions): Promise<void> {
  let step = 'preparing the home';
  let log: RecoveryLog | undefined;
  /** What a failing start or a stop undoes, last first. */
  const undo: (() => void)[] = [];
  const undoAll = (): void => {
    for (const one of undo.splice(0).reverse()) one();
  };
  try {
    const home = prepareHome(path);
    step = 'opening the recovery log';
    log = openLog(home);
    undo.push(log.close);
    step = 'taking the locks';
    undo.push(takeLocks(home));
    log.rotateWhenFull();
    refuseInterruptedReset(home);
    const stopped = stopRequest(signal);
    undo.push(stopped.forget);
    undo.push(reportPanics(log));

    step = 'opening the ledger';
    log.checkpoint('daemon-store-begin');
    const ledger = openLedger(home, log);
    undo.push(() => ledger.db.close());
    step = 'recovering sessions';
    const recovered = recoverSessions(ledger.db);
    log.line(`recovery: ${recovered.orphaned} running sessions orphaned, ${recovered.failed} created sessions failed`);
    // From here on one writer tries again by itself; waiting inside SQLite would hold up every client.
    ledger.db.pragma('busy_timeout = 20');
    log.checkpoint('daemon-store-end');

    const daemon: Daemon = {
      pid: process.pid,
      startedAt: managedStartedAt ?? now(),
      socket: join(home, names.socket),
    };
    const sessions = prepareSessions(ledger.db);
    const events = prepareEvents(ledger.db);
    const writer = createWriter(ledger.db, events);
    const live = createLiveSessions(home, writer, sessions, events, log);
    const health = createHealth(home, daemon, ledger, events, writer);
    const routes = createRoutes({ daemon, health, sessions, events, live, stop: stopped.request });
    const api = createApi(routes, log);
    step = 'publishing the socket';
    // Before the publication, which may fail when the server listens already.
    undo.push(() => api.close());
    undo.push(await publishSocket(api, home));
    step = 'writing daemon.json';
    log.checkpoint('status-publication-begin');
    writeRecord(home, daemon);
    undo.push(() => removeRecord(home, daemon));
    log.checkpoint('status-publication-end');
    log.line(`daemon starting pid=${daemon.pid} socket=${daemon.socket}`);

    step = 'serving';
    const why = await stopped.requested;
    step = 'stopping';
    api.close();
    await live.endAll();
    const lost = await writer.end(lastCommitMillis);
    if (lost > 0) log.line(`error: ${lost} events could not be written: ${writer.health().lastError}`);
    log.line(`daemon stopping pid=${daemon.pid} reason=${why}`);
  } catch (error) {
    const reason = `${step}: ${(error as Error).message}`;
    log?.line(`error: ${reason}`);
    throw new Error(reason, { cause: error });
  } finally {
    undoAll();
  }
}

interface StopRequest {
  readonly requested: Promise<string>;
  readonly request: (why: string) => void;
  readonly forget: () => void;
}

function stopRequest(signal: AbortSignal | undefined): StopRequest {
  let request = (_why: string): void => undefined;
  const requested = new Promise<string>((resolve) => {
    request = resolve;
  });
  const onSignal = (name: NodeJS.Signals): void => request(name);
  const onAbort = (): void => request(typeof signal?.reason === 'string' ? signal.reason : 'abort');
  for (const name of stopSignals) process.on(name, onSignal);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  return {
    requested,
    request,
    forget: () => {
      for (const name of stopSignals) process.off(name, onSignal);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

/** A bug is told where an operator looks; node then ends the process as it does without a daemon. */
function reportPanics(log: RecoveryLog): () => void {
  const onPanic = (error: Error): void => log.line(`daemon panic: ${error.stack ?? error.message}`);
  process.on('uncaughtExceptionMonitor', onPanic);
  return () => process.off('uncaughtExceptionMonitor', onPanic);
}
