import type { Answer, HealthBody } from '../model/observation.ts';
import type { Exchange } from './ask.ts';

export const notAsked = {
  outcome: 'not-asked',
  status: null,
  tries: 0,
  ms: 0,
  errorCode: null,
  body: null,
} as const;

/** What an exchange comes to; `parse` gives null for a body of another shape. */
export function answer<T>(exchange: Exchange, tries: number, parse: (body: unknown) => T | null): Answer<T> {
  const { end, status, ms } = exchange;
  const base = { status, tries, ms, errorCode: null, body: null };
  if (end === 'connect') return { ...base, outcome: 'unreachable' };
  if (status !== null && status !== 200 && end !== 'no-bytes' && end !== 'incomplete') {
    const code = words(record(record(exchange.body)?.error)?.code);
    return { ...base, outcome: 'error-response', errorCode: code };
  }
  if (end !== 'json') return { ...base, outcome: end };
  const body = parse(exchange.body);
  return body === null ? { ...base, outcome: 'wrong-shape' } : { ...base, outcome: 'answered', body };
}

/** Longest text that is kept of a daemon's answer: statuses, versions and timestamps are far shorter. */
const textLimit = 200;

/** A longer one is none of those: a part of it could be a part of a secret. */
const text = (value: unknown): string | null => (typeof value === 'string' ? within(value) : null);
const within = (value: string): string => (value.length <= textLimit ? value : `‹text:${value.length}›`);
/** Free text, whole: what is cut before it is redacted may keep a part of a secret. */
const words = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const texts = (value: unknown): readonly string[] | null =>
  Array.isArray(value) ? value.slice(0, 100).flatMap((item) => text(item) ?? []) : null;
const truth = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);
function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

/** Fields of `GET /health` as Coven 0.4.6 answers it; null for what is no JSON object at all. */
export function healthBody(value: unknown): HealthBody | null {
  const body = record(value);
  if (!body) return null;
  const [daemon, storage, writer] = ['daemon', 'storage', 'eventWriter'].map((name) => record(body[name]));
  const capabilities = record(body.capabilities);
  return {
    ok: truth(body.ok),
    apiVersion: text(body.apiVersion),
    covenVersion: text(body.covenVersion),
    capabilities:
      capabilities &&
      Object.fromEntries(
        Object.entries(capabilities)
          .slice(0, 200)
          .map(([name, held]) => [within(name), truth(held) ?? text(held) ?? number(held) ?? texts(held)]),
      ),
    pid: number(daemon?.pid),
    startedAt: text(daemon?.startedAt),
    socket: text(daemon?.socket),
    storageStatus: text(storage?.status),
    maintenanceBlocked: truth(storage?.maintenanceBlocked),
    storageError: words(storage?.lastMaintenanceError),
    freeDiskBytes: number(storage?.freeDiskBytes),
    walBytes: number(storage?.walBytes),
    backlogEvents: number(storage?.writerBacklogEvents),
    oldestEventAt: text(storage?.oldestRetainedEventAt),
    lastPruneAt: text(storage?.lastPruneAt),
    writerState: text(writer?.state),
    queuedBytes: number(writer?.queuedBytes),
    capacityBytes: number(writer?.capacityBytes),
    droppedEvents: number(writer?.droppedOutputEvents),
  };
}

/** Ids of `GET /capabilities`; null for what holds no list. */
export function capabilityIds(body: unknown): readonly string[] | null {
  const list = record(body)?.capabilities;
  if (!Array.isArray(list)) return null;
  return list.slice(0, 1000).flatMap((item) => text(record(item)?.id) ?? []);
}
