import * as v from 'valibot';
import { contact, healthAnswer } from '../daemon.ts';
import type { Look } from '../look.ts';
import { by, filePath, flag, list, maybe, message, number, oneOf, text, time, type ValueOf } from '../shape.ts';

/** An HTTP answer of the daemon: read whole, or why not. */
export const answer = <const S extends v.GenericSchema>(body: S) =>
  v.object({
    outcome: oneOf([
      'not-asked',
      'answered',
      'error-response',
      'not-json',
      'wrong-shape',
      'no-bytes',
      'incomplete',
      'too-large',
      'closed',
      'not-http',
      'unreachable',
    ]),
    status: maybe(number),
    tries: number,
    ms: number,
    /** The structured error's code, where the answer carried one. */
    errorCode: maybe(message),
    body: maybe(body),
  });
type AnyAnswer = ValueOf<() => ReturnType<typeof answer<v.GenericSchema>>>;
export type Answer<T> = Omit<AnyAnswer, 'body'> & { readonly body: T | null };

/** What a daemon says of one capability; a list names the contracts that it keeps. */
const capability = () => v.union([text, number, flag, list(text), v.null()]);
export type Capability = ValueOf<typeof capability>;

/** What of a health body is judged; absent or mistyped fields are null. */
const health = () =>
  v.object({
    ok: maybe(flag),
    apiVersion: maybe(text),
    covenVersion: maybe(text),
    capabilities: maybe(by(capability())),
    pid: maybe(number),
    startedAt: maybe(time),
    socket: maybe(text),
    storageStatus: maybe(text),
    maintenanceBlocked: maybe(flag),
    storageError: maybe(message),
    freeDiskBytes: maybe(number),
    walBytes: maybe(number),
    backlogEvents: maybe(number),
    oldestEventAt: maybe(time),
    /** When events past their time were last removed. */
    lastPruneAt: maybe(time),
    writerState: maybe(text),
    queuedBytes: maybe(number),
    capacityBytes: maybe(number),
    droppedEvents: maybe(number),
  });
export type HealthBody = ValueOf<typeof health>;

/** What was seen of a daemon while it gave no answer. */
const silence = () =>
  v.object({
    /** Null where no process of this machine is known to be the daemon. */
    pid: maybe(number),
    watchedMs: number,
    /** How often the process was looked at in that time. */
    looks: number,
    /** One letter as in proc(5), of its main thread at the last look; null where it could not be seen. */
    state: maybe(text),
    /** A thread of it ran, or waited for a processor or a disk, at more than one look. */
    runnable: flag,
    /** Processor time that it used meanwhile. */
    cpuMs: number,
    /** Whether its recovery log was written to. */
    log: flag,
    /** How late, at worst, this process itself was let run: what it could not watch proves nothing. */
    lateMs: number,
    /** The file of the control group by which it is frozen, where it is. */
    frozenBy: v.exactOptional(filePath),
    /** Who traces it, such as a debugger. */
    tracerPid: v.exactOptional(number),
  });
export type Silence = ValueOf<typeof silence>;

export const schema = () => v.object({ ...answer(health()).entries, silence: v.exactOptional(silence()) });
export type HealthAnswer = ValueOf<typeof schema>;

export const take = async (look: Look): Promise<HealthAnswer> => healthAnswer(look, await look.once(contact));
