import { spend } from './budget.ts';
import type { Form } from './known.ts';
import { type Found, type Line, matchAt } from './line.ts';
import { mark } from './values.ts';

/** What stands between the pieces of a wrapped run on one line: line ends that are escaped, and gaps. */
const fold = /(?:\\+[nrt]|[ \t:])+/y;

/** Whether a form may be written in several pieces: base64 and hex are, by every program that prints them in lines. */
export const wraps = ({ bytes, run }: Form): boolean => run !== null || /^[0-9a-f]+$/.test(bytes);

const foldBefore = /(?:\\{1,64}[nrt]|[ \t:]){1,64}$/;
const longestFold = 64;

interface Reach {
  readonly end: number;
  /** What of the form had no room on the line; empty where it ends there. Null where something else stands. */
  readonly left: string | null;
}

/** How far a form goes from `at` on, over folds, up to the end of the line. */
function along(line: Line, at: number, bytes: string, anyCase: boolean): Reach {
  const alike = (text: string): string => (anyCase ? text.toLowerCase() : text);
  let end = at;
  let done = 0;
  while (done < bytes.length && end < line.end) {
    if (alike(line.text[end] ?? '') === bytes[done]) {
      end += 1;
      done += 1;
      continue;
    }
    const gap = matchAt(fold, line.text, end);
    if (!gap) {
      spend(end - at);
      return { end, left: null };
    }
    end = Math.min(line.end, end + gap[0].length);
  }
  spend(end - at);
  return { end, left: bytes.slice(done) };
}

/** A form whose bytes from `skipped` on begin at `at`: on this line, and open where it goes on below. */
export function wrappedAt(line: Line, at: number, { bytes, anyCase, run }: Form, skipped: number): Found | null {
  const { text } = line;
  let start = at;
  if (skipped > 0) {
    // Its first bytes end an earlier line, or stand before a fold of this one.
    const before = text.slice(Math.max(line.start, at - longestFold), at);
    const gap = foldBefore.exec(before)?.[0] ?? '';
    const head = at - gap.length - skipped;
    const isLineStart = at - gap.length === line.start;
    if (!isLineStart && (gap === '' || text.slice(head, head + skipped) !== bytes.slice(0, skipped))) return null;
    if (!isLineStart) start = head;
  }
  const { end: reached, left } = along(line, at, bytes.slice(skipped), anyCase);
  if (left === null) return null;
  let end = reached;
  while (run && start > line.start && run.test(text[start - 1] ?? '')) start -= 1;
  while (run && end < line.end && run.test(text[end] ?? '')) end += 1;
  spend(end - start);
  const open = left === '' ? null : ({ kind: 'wrapped', left, anyCase, isRun: run !== null } as const);
  return { spans: [{ start, end, rule: 'known-value', by: mark }], open, next: end };
}

/** The rest of a wrapped form on the next line. Null: it does not go on there. */
export function wrappedBelow(line: Line, left: string, anyCase: boolean, isRun: boolean): Found | null {
  const { text, start } = line;
  const from = start + (/^[ \t]*/.exec(text.slice(start, line.end))?.[0].length ?? 0);
  const reach = along(line, from, left, anyCase);
  if (reach.left === null || reach.left.length === left.length) return null;
  let end = reach.end;
  while (isRun && end < line.end && /[A-Za-z0-9+/=_-]/.test(text[end] ?? '')) end += 1;
  const open = reach.left === '' ? null : ({ kind: 'wrapped', left: reach.left, anyCase, isRun } as const);
  return { spans: [{ start: from, end, rule: 'known-value', by: '' }], open, next: end };
}

/**
 * Where a line of a wrapped form may begin within its first `anchor` bytes. Base64 is wrapped between groups of four, and
 * the three alignments of a form begin at the first, third and fourth place of one: so many bytes stand before. Hex is
 * wrapped between bytes.
 */
export function breaksOf({ bytes, run, lead }: Form, anchor: number): readonly number[] {
  const step = run === null ? 2 : 4;
  const first = run === null ? 2 : 4 - lead;
  const breaks: number[] = [];
  for (let at = first; at < anchor && at + anchor <= bytes.length; at += step) breaks.push(at);
  return breaks;
}
