import type { Evidence, Finding } from '../check.ts';
import type { Observation } from '../observation.ts';
import { makeRedactor, type RedactorOptions } from '../redaction/redactor.ts';
import type { Counts } from '../redaction/stream.ts';
import type { CheckRun } from '../runner.ts';
import type { Member, Part } from './part.ts';
import { vocabulary } from './vocabulary.ts';

/** Redacts everything of one bundle: a thing has one token in all of it, numbered in the order of the calls. */
export interface Cleaner {
  readonly observation: (observation: Observation) => Observation;
  readonly run: (run: CheckRun) => CheckRun;
  readonly member: (part: Part) => Member;
  /** A line of our own, such as why something is left out. */
  readonly line: (text: string) => string;
  /** How often each rule removed something, by member. */
  readonly counts: Readonly<Record<string, Counts>>;
  /** Patterns of the user that cannot be used, by their place in the list, and why. */
  readonly refusedPatterns: readonly { readonly index: number; readonly reason: string }[];
}

/** `unnamed` are projects beyond those that have a token: as a whole value they are hidden, too. */
export function makeCleaner(options: RedactorOptions, unnamed: ReadonlySet<string>): Cleaner {
  const redactor = makeRedactor(options);
  const kept = vocabulary();
  const settled = (text: string): string | undefined =>
    kept.has(text) ? text : unnamed.has(text) ? '<another-project>' : undefined;
  const counts: Record<string, Counts> = {};

  function add(member: string, found: Counts): void {
    const sum = counts[member] ?? {};
    counts[member] = sum;
    for (const [rule, n] of Object.entries(found)) sum[rule] = (sum[rule] ?? 0) + n;
  }
  function clean<T>(member: string, value: T): T {
    const redacted = redactor.redactJson(value, settled);
    add(member, redacted.counts);
    return redacted.value as T;
  }
  const evidence = ({ observation, field, value }: Evidence): Evidence => {
    // As its own pair: a field may be named like a secret without holding one.
    const [name, told] = [clean('report', field), clean('report', value)];
    return { observation, field: name, value: told };
  };
  const finding = (found: Finding): Finding => ({
    ...found,
    target: clean('report', found.target),
    facts: Object.fromEntries(Object.entries(found.facts).map(([name, value]) => [name, clean('report', value)])),
    evidence: found.evidence.map(evidence),
  });

  return {
    observation: (seen) =>
      seen.ok
        ? { ...seen, value: clean('observations.json', seen.value) }
        : { ...seen, error: clean('observations.json', seen.error) },
    run: (run) => ({ ...run, findings: run.findings.map(finding) }),
    member: (part) => {
      if ('json' in part) return { name: part.name, bytes: documentOf(clean(part.name, part.json)) };
      const stream = redactor.bytes(part.cuts);
      const bytes = Buffer.concat([stream.push(part.text), stream.end()]);
      add(part.name, stream.counts);
      return { name: part.name, bytes: lastLines(bytes, part.keep) };
    },
    line: (text) => redactor.redact(text).text,
    counts,
    refusedPatterns: redactor.refusedPatterns,
  };
}

/** A document as it stands in a bundle. */
export const documentOf = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value, null, 1)}\n`);

/** At most the last `limit` bytes, from the start of a line. */
function lastLines(bytes: Buffer, limit: number): Buffer {
  if (bytes.length <= limit) return bytes;
  const start = bytes.indexOf(0x0a, bytes.length - limit - 1) + 1;
  return start === 0 ? Buffer.alloc(0) : bytes.subarray(start);
}
