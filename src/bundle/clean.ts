import type { Check } from '../model/check.ts';
import type { Observation } from '../model/observation.ts';
import { makeRedactor, type RedactorOptions } from '../redaction/redactor.ts';
import type { Counts } from '../redaction/stream.ts';
import type { Placeholder } from '../redaction/templates/placeholders.ts';
import type { CheckRun } from '../run/runner.ts';
import { gated } from './findings.ts';
import { type Admitted, makeGate } from './gate.ts';
import type { Included, Member, Part } from './part.ts';
import { vocabulary } from './vocabulary.ts';

/**
 * Cleans the parts of one bundle: first known secrets and names are replaced, then everything that is not known to be
 * harmless. The same name has the same token in all parts. Tokens are numbered in the order of the calls.
 */
export interface Cleaner {
  readonly observation: (observation: Observation) => Observation;
  /** The findings and the words of a plug-in check. */
  readonly run: (run: CheckRun) => CheckRun;
  readonly member: (part: Part) => Member;
  /** A line of our own, such as why something is omitted. */
  readonly line: (text: string) => string;
  /** How often each rule removed something, by member. */
  readonly counts: Readonly<Record<string, Counts>>;
  /** The placeholders of unknown texts. */
  readonly placeholders: () => readonly Placeholder[];
}

/** `unnamed` are projects without a token. Where one is a whole value, it is hidden, too. */
export function makeCleaner(
  options: RedactorOptions,
  unnamed: ReadonlySet<string>,
  included: readonly Included[],
): Cleaner {
  const redactor = makeRedactor(options);
  const kept = vocabulary();
  const gate = makeGate({
    words: kept,
    freeText: included.includes('log-text'),
    titles: included.includes('titles'),
    payloads: included.includes('events'),
  });
  const settled = (text: string): string | undefined =>
    kept.has(text) ? text : unnamed.has(text) ? '<another-project>' : undefined;
  const counts: Record<string, Counts> = {};

  function add(member: string, found: Counts): void {
    const sum = counts[member] ?? {};
    counts[member] = sum;
    for (const [rule, n] of Object.entries(found)) sum[rule] = (sum[rule] ?? 0) + n;
  }
  function redacted(member: string, value: unknown): unknown {
    const { value: left, counts } = redactor.redactJson(value, settled);
    add(member, counts);
    return left;
  }
  const clean = (member: string, value: unknown): Admitted => gate.json(redacted(member, value));
  /** The same value without what is not known: its shape is that of before. */
  const same = <T>(member: string, value: T): T => clean(member, value).value as T;
  const told = <T>(value: T): T => same('report', value);
  const check = (one: Check): Check =>
    one.module === undefined
      ? one
      : {
          ...one,
          module: same('report', one.module),
          title: same('report', one.title),
          explain: same('report', one.explain),
          causes: Object.fromEntries(Object.entries(one.causes).map(([code, cause]) => [code, same('report', cause)])),
        };

  return {
    observation: (seen) =>
      seen.ok
        ? { ...seen, value: same('observations.json', seen.value) }
        : { ...seen, error: same('observations.json', seen.error) },
    run: (run) => ({ ...run, check: check(run.check), findings: run.findings.map((one) => gated(one, told)) }),
    member: (part) => {
      const { name } = part;
      if ('json' in part) return { name, bytes: documentOf(clean(name, part.json)) };
      const stream = redactor.bytes(part.cuts);
      const bytes = Buffer.concat([stream.push(part.text), stream.end()]);
      add(name, stream.counts);
      const left = lastLines(bytes, part.keep);
      return { name, bytes: part.asked ? left : lastLines(Buffer.from(gate.log(left.toString())), part.keep) };
    },
    line: (text) => gate.text(redactor.redact(text).text),
    counts,
    placeholders: gate.used,
  };
}

/** A document in the form that it has in a bundle. */
export const documentOf = ({ value }: Admitted): Buffer => plainDocument(value);

/** A document of our own words only, or one that the user asked for. */
export const plainDocument = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value, null, 1)}\n`);

/** At most the last `limit` bytes, from the start of a line. */
function lastLines(bytes: Buffer, limit: number): Buffer {
  if (bytes.length <= limit) return bytes;
  const start = bytes.indexOf(0x0a, bytes.length - limit - 1) + 1;
  return start === 0 ? Buffer.alloc(0) : bytes.subarray(start);
}
