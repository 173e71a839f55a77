import { randomUUID } from 'node:crypto';
import { daemonParticipant, markers } from '../coven/contract.ts';
import { now } from './clock.ts';
import type { Events } from './events.ts';
import { type Command, commandOf, type LaunchMode } from './harness.ts';
import type { RecoveryLog } from './log.ts';
import { type HarnessProcess, signalGroup, startHarness } from './process.ts';
import { createRedactor, redact } from './redact.ts';
import type { Sessions } from './sessions.ts';
import type { Writer } from './writer.ts';

/** A launch whose fields were validated. */
export interface Launch {
  readonly projectRoot: string;
  readonly cwd: string;
  readonly harness: string;
  readonly prompt: string;
  readonly title: string;
  readonly mode: LaunchMode;
}

/** The sessions whose harness this daemon runs. Every promise resolves after its event is committed. */
export interface LiveSessions {
  /** Starts a session. Rejects when it could not be recorded, or not be started, which is then recorded. */
  readonly launch: (id: string, launch: Launch) => Promise<void>;
  readonly isLive: (id: string) => boolean;
  readonly input: (id: string, data: string) => Promise<void>;
  /** Ends the harness and its process group. */
  readonly kill: (id: string) => Promise<void>;
  /** Ends every session; resolves when each exit is recorded, or when that takes too long. */
  readonly endAll: () => Promise<void>;
}

interface Live {
  readonly process: HarnessProcess;
  readonly exited: Promise<void>;
  isEnding: boolean;
}

/** How long a request waits for the ledger, and a harness may take to leave after SIGHUP, milliseconds. */
const patienceMillis = 5000;
const graceMillis = 1000;
/** Output that may yet become a secret is shown, as far as it is none, when the harness pauses this long. */
const restMillis = 150;

export function createLiveSessions(
  home: string,
  writer: Writer,
  sessions: Sessions,
  events: Events,
  log: RecoveryLog,
): LiveSessions {
  const live = new Map<string, Live>();
  const launching = new Set<Promise<void>>();
  let isStopping = false;

  async function launch(id: string, wanted: Launch): Promise<void> {
    const work = bringToLife(id, wanted);
    launching.add(work);
    await work.finally(() => launching.delete(work));
  }

  async function bringToLife(id: string, wanted: Launch): Promise<void> {
    const { projectRoot, cwd, harness, title, mode } = wanted;
    // The row comes first: a harness without one could be neither seen nor ended.
    const row = { id, projectRoot, harness, title, at: now() };
    await writer.record(() => sessions.insertRunning(row), patienceMillis);
    try {
      if (isStopping) throw new Error('the daemon is stopping');
      const command = commandOf(harness, mode, wanted.prompt, process.env.PATH ?? '');
      if (!command) throw new Error("it is not an executable on the daemon's PATH");
      live.set(id, await start(id, command, mode, cwd));
    } catch (error) {
      await writer.record(() => sessions.end(id, 'failed', null, now()));
      throw error;
    }
  }

  async function start(id: string, command: Command, mode: LaunchMode, cwd: string): Promise<Live> {
    const redactor = createRedactor();
    let settle = (): void => undefined;
    const exited = new Promise<void>((resolve) => {
      settle = resolve;
    });
    let resting: NodeJS.Timeout | undefined;
    const write = (text: string): void => {
      if (text) writer.output(id, text);
    };
    const env = {
      ...process.env,
      [markers.home]: home,
      [markers.participant]: JSON.stringify({ id: `${daemonParticipant}${id}`, generation: randomUUID() }),
    };
    const child = await startHarness(command, mode, cwd, env, {
      onOutput: (text) => {
        clearTimeout(resting);
        write(redactor.push(text));
        resting = setTimeout(() => write(redactor.rest()), restMillis);
      },
      onExit: (exitCode) => {
        clearTimeout(resting);
        write(redactor.end());
        ended(id, exitCode).finally(settle);
      },
    });
    return { process: child, exited, isEnding: false };
  }

  async function ended(id: string, exitCode: number | null): Promise<void> {
    const session = live.get(id);
    live.delete(id);
    // What of the group outlives a session that was ended would be a process that nobody owns.
    if (session?.isEnding) signalGroup(session.process.pid, 'SIGKILL');
    // Coven records 1 for a harness that a signal ended.
    const code = exitCode ?? 1;
    const status = code === 0 ? 'completed' : 'failed';
    try {
      await writer.record(() => {
        events.insert(id, 'exit', { exitCode: code, status });
        sessions.end(id, status, code, now());
      });
    } catch (error) {
      log.line(`the exit of session ${id} could not be recorded: ${(error as Error).message}`);
    }
  }

  function end(id: string, { process: { pid }, exited }: Live, patience?: number): Promise<void> {
    // Queued before the harness is told, so that its exit comes after it.
    const recorded = writer.record(() => {
      events.insert(id, 'kill', { status: 'killed' });
      sessions.end(id, 'killed', null, now());
    }, patience);
    signalGroup(pid, 'SIGHUP');
    const last = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMillis);
    exited.finally(() => clearTimeout(last));
    return recorded;
  }

  return {
    launch,
    kill: async (id) => {
      const session = live.get(id);
      if (!session) return;
      session.isEnding = true;
      await end(id, session, patienceMillis);
    },
    isLive: (id) => live.get(id)?.isEnding === false,
    input: async (id, data) => {
      const session = live.get(id);
      if (!session) return;
      await writer.record(() => events.insert(id, 'input', { data: redact(data) }), patienceMillis);
      session.process.write(data);
    },
    endAll: async () => {
      isStopping = true;
      const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis).unref());
      // A launch that began before must not leave a harness behind that nobody owns.
      await Promise.race([Promise.allSettled(launching), pause(patienceMillis + graceMillis)]);
      const grace = pause(3 * graceMillis);
      const ends = [...live].map(([id, session]) => {
        if (!session.isEnding) end(id, session).catch(() => log.line(`the end of session ${id} was not recorded`));
        session.isEnding = true;
        return session.exited;
      });
      await Promise.race([Promise.all(ends), grace]);
    },
  };
}
