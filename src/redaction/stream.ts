import { Transform } from 'node:stream';
import type { Engine } from './engine.ts';
import type { Open, Span } from './line.ts';

/** How often each rule removed something. */
export type Counts = Record<string, number>;

/** What is missing of a text: its start, so that it begins within a line and maybe within a secret; or its end. */
export interface Cuts {
  readonly start?: boolean;
  readonly end?: boolean;
}

/** Redacts bytes as they come. The output does not depend on where the chunks are cut. */
export interface ByteRedactor {
  readonly push: (chunk: Uint8Array) => Buffer;
  readonly end: () => Buffer;
}

/** Bytes that a line may have; a longer one is dropped whole, since a part of it could be the rest of a secret. */
export const longestLine = 1024 * 1024;
/** Smaller than the longest line, so that only the first line end of a piece can end a line that is too long. */
const pieceSize = 256 * 1024;
const newline = 0x0a;

/**
 * Memory is bounded by the longest line and one piece. A text whose start or end is cut begins and ends with a whole
 * line: the rest of the first and of the last one is dropped.
 */
export function makeByteRedactor(engine: Engine, counts: Counts, cuts: Cuts = {}): ByteRedactor {
  let open: Open | null = cuts.start ? { kind: 'tail' } : null;
  /** What the current line is: one to be redacted, the rest of one whose start was cut off, one that is too long. */
  let state: 'line' | 'rest' | 'long' = cuts.start ? 'rest' : 'line';
  let held: Buffer[] = [];
  let heldBytes = 0;

  function clean(block: Buffer): Buffer {
    const found = engine.find(block, open);
    open = found.open;
    count(counts, found.spans);
    return replaced(block, found.spans);
  }
  function leaveOut(bytes: number): Buffer {
    counts['long-line'] = (counts['long-line'] ?? 0) + 1;
    return Buffer.from(`[line of ${bytes} bytes left out]\n`);
  }
  /** Ends the current line with the first `end` bytes of `piece`, the last of which is its line end. */
  function endLine(piece: Buffer, end: number): Buffer {
    const bytes = heldBytes + end - 1;
    const parts = [...held, piece.subarray(0, end)];
    const was = state;
    state = 'line';
    held = [];
    heldBytes = 0;
    if (was === 'rest') return Buffer.alloc(0);
    return was === 'long' || bytes > longestLine ? leaveOut(bytes) : clean(Buffer.concat(parts));
  }
  function hold(piece: Buffer): void {
    if (state === 'rest') return;
    heldBytes += piece.length;
    if (state === 'line') held.push(Buffer.from(piece));
    if (heldBytes <= longestLine) return;
    state = 'long';
    held = [];
  }
  function take(piece: Buffer): readonly Buffer[] {
    const first = piece.indexOf(newline) + 1;
    if (first === 0) {
      hold(piece);
      return [];
    }
    const last = piece.lastIndexOf(newline) + 1;
    const out = [endLine(piece, first), clean(piece.subarray(first, last))];
    hold(piece.subarray(last));
    return out;
  }

  return {
    push: (chunk) => {
      const out: Buffer[] = [];
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let from = 0; from < bytes.length; from += pieceSize)
        out.push(...take(bytes.subarray(from, from + pieceSize)));
      return Buffer.concat(out);
    },
    end: () => {
      if (state === 'long') return leaveOut(heldBytes);
      return state === 'rest' || cuts.end ? Buffer.alloc(0) : clean(Buffer.concat(held));
    },
  };
}

/** The same as a stream. */
export function makeTransform(redactor: ByteRedactor): Transform {
  return new Transform({
    transform: (chunk: Uint8Array, _encoding, done) => done(null, redactor.push(chunk)),
    flush: (done) => done(null, redactor.end()),
  });
}

export function count(counts: Counts, spans: readonly Span[]): void {
  for (const { rule, by } of spans) if (by !== '') counts[rule] = (counts[rule] ?? 0) + 1;
}

/** `bytes` with its spans replaced. */
export function replaced(bytes: Buffer, spans: readonly Span[]): Buffer {
  if (spans.length === 0) return bytes;
  const out = Buffer.allocUnsafe(bytes.length + spans.reduce((sum, { by }) => sum + by.length, 0));
  let from = 0;
  let to = 0;
  for (const { start, end, by } of spans) {
    to += bytes.copy(out, to, from, start);
    to += out.write(by, to, 'latin1');
    from = end;
  }
  return out.subarray(0, to + bytes.copy(out, to, from));
}
