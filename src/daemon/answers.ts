/** An answer of the API, before it is written. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /**
   * Called when the answer is sent. The connection then stays open until the process ends, which is the proof that the
   * daemon stopped.
   */
  readonly thenHold?: () => void;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** Coven's error envelope, its fields in Coven's order. */
export function failure(status: number, code: string, message: string, details?: object): Answer {
  return { status, body: { error: { code, ...(details && { details }), message } } };
}

export const invalid = (message: string, details?: object): Answer => failure(400, 'invalid_request', message, details);
export const notFound = (): Answer => failure(404, 'not_found', 'Route not found.');
export const noSession = (sessionId: string): Answer =>
  failure(404, 'session_not_found', 'Session was not found.', { sessionId });
export const notLive = (sessionId: string): Answer =>
  failure(409, 'session_not_live', 'Session is not live.', { sessionId });

/** Coven's words for a fault of its own; this one answer also says `ok`. */
export const internal = (message: string): Answer => ({
  status: 500,
  body: { error: { code: 'internal_error', message }, ok: false },
});

export const tooLarge = (limitBytes: number): Answer => ({
  status: 413,
  body: { ok: false, error: { code: 'payload_too_large', message: `Request body exceeds ${limitBytes}-byte limit.` } },
});
