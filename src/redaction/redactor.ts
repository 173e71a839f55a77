import type { Transform } from 'node:stream';
import { makeEngine } from './engine.ts';
import { redactValue } from './json.ts';
import { shortestKnown } from './known.ts';
import type { Span } from './line.ts';
import type { Pattern } from './patterns.ts';
import {
  type ByteRedactor,
  type Counts,
  type Cuts,
  count,
  makeByteRedactor,
  makeTransform,
  replaced,
} from './stream.ts';
import type { Tokens } from './tokens.ts';

export interface RedactorOptions {
  /** Exact secrets, such as those of the environment and of key files; shorter ones than 8 bytes are not looked for. */
  readonly knownValues?: readonly string[];
  /** Of the user's `privacy.toml`, compiled. */
  readonly patterns?: readonly Pattern[];
  /** Names of people, machines and folders; one value for all members of a bundle. */
  readonly tokens?: Tokens;
}

export interface Redactor {
  /** A whole text. */
  readonly redact: (text: string) => { readonly text: string; readonly counts: Counts };
  /** A whole structure, as JSON.parse gives it; of a text or key that `settled` knows, what it says is taken. */
  readonly redactJson: (
    value: unknown,
    settled?: (text: string) => string | undefined,
  ) => { readonly value: unknown; readonly counts: Counts };
  /** A text that comes in chunks of bytes; `counts` grows while it flows. */
  readonly bytes: (cuts?: Cuts) => ByteRedactor & { readonly counts: Counts };
  readonly transform: (cuts?: Cuts) => { readonly stream: Transform; readonly counts: Counts };
  /** What would be replaced in a whole text: spans in order, none overlapping. */
  readonly locate: (bytes: Buffer) => readonly Span[];
}

/**
 * Replaces secrets by `[REDACTED]` and names by numbered tokens. Text is read line by line, in time linear in its length;
 * what goes over several lines is followed. Redacting twice is redacting once, and JSON stays JSON.
 */
export function makeRedactor({ knownValues = [], patterns = [], tokens }: RedactorOptions): Redactor {
  const known = knownValues.filter((value) => Buffer.byteLength(value) >= shortestKnown);
  const engine = makeEngine({ knownValues: known, patterns, tokens: tokens ?? null });

  function clean(text: string, counts: Counts): string {
    if (text === '') return text;
    const bytes = Buffer.from(text);
    const { spans } = engine.find(bytes, null);
    if (spans.length === 0) return text;
    count(counts, spans);
    return replaced(bytes, spans).toString();
  }
  function bytes(cuts?: Cuts) {
    const counts: Counts = {};
    return { ...makeByteRedactor(engine, counts, cuts), counts };
  }
  return {
    redact: (text) => {
      const counts: Counts = {};
      return { text: clean(text, counts), counts };
    },
    redactJson: (value, settled) => {
      const counts: Counts = {};
      const add = (rule: string): void => {
        counts[rule] = (counts[rule] ?? 0) + 1;
      };
      return {
        value: redactValue(value, { text: (text) => settled?.(text) ?? clean(text, counts), count: add }),
        counts,
      };
    },
    bytes,
    transform: (cuts) => {
      const redactor = bytes(cuts);
      return { stream: makeTransform(redactor), counts: redactor.counts };
    },
    locate: (text) => engine.find(text, null).spans,
  };
}
