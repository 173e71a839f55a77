import { makeTexts } from '../host/texts.ts';

/** A text without what is known to be a secret or looks like one. */
export type Plain = (text: string) => Promise<string>;

/** Coven's own times, of which a ledger holds two for each row. */
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** As Coven makes them: by themselves, by an automation. */
const ownId = /^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|session-[0-9a-f]{32})$/i;

/**
 * For what a ledger holds and a list of it shows: titles are prompts, and any other column may hold anything. Equal texts are read
 * once; what cannot be read is told in its place, and hides nothing else.
 */
export async function withoutSecrets<T>(signal: AbortSignal, use: (plain: Plain) => Promise<T>): Promise<T> {
  const texts = makeTexts({ env: process.env, timeLeft: () => Number.POSITIVE_INFINITY, signal });
  const known = new Map<string, Promise<string>>();
  const plain: Plain = (text) => {
    if (text === '' || time.test(text) || ownId.test(text)) return Promise.resolve(text);
    const found = known.get(text) ?? texts.redact(text).catch((error: Error) => `[${error.message}]`);
    known.set(text, found);
    return found;
  };
  try {
    return await use(plain);
  } finally {
    await texts.end();
  }
}
