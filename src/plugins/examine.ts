import { observationKeys } from '../host/schemas.ts';
import { type Evidence, escalations, type Facts, type Finding, shapes, statuses } from '../model/check.ts';
import type { ObservationKey } from '../model/observation.ts';
import type { StatedWords } from './define.ts';

/*
 * Checks the answers of a process that runs plug-in code: every value is copied field by field, and the first invalid one
 * is named. Fault texts are parts of a sentence.
 */

/** A check as data. */
export interface Described extends StatedWords {
  readonly id: string;
  readonly needs: readonly ObservationKey[];
}

/** A value, or its first fault. */
export type Examined<T> = { readonly good: T } | { readonly fault: string };

/** Codes that only the runner reports. A check cannot. */
export const engineCodes = ['unobserved', 'overran', 'threw'] as const;

/** Most characters of a text. Longer facts and evidence values are truncated. */
const limits = { title: 120, explain: 2000, template: 400, value: 500 };
/** Most findings of a check, and most facts and evidence of a finding. */
const most = { findings: 50, entries: 200 };

class Fault extends Error {}

/** Checks what a module exports as a check. Its area must not be in `taken`. */
export function examineCheck(value: unknown, taken: ReadonlySet<string>): Examined<Described> {
  return examined(() => {
    const { id, title, explain, causes, needs } = object(value, 'it');
    if (typeof id !== 'string' || !shapes.id.test(id) || !id.includes(':'))
      throw new Fault(`its id ${quoted(id)} is not of the form area:subject in lower case`);
    if (taken.has(id.split(':', 1)[0] ?? '')) throw new Fault(`the area of ${id} is one of coven-doctor's own`);
    if (!Array.isArray(needs) || needs.length === 0) throw new Fault(`${id} needs no observation`);
    return {
      id,
      needs: needs.map((need) => oneOf(observationKeys, need, `${id} needs`)),
      title: text(title, limits.title, `the title of ${id}`),
      explain: text(explain, limits.explain, `the explanation of ${id}`),
      causes: causesOf(causes, id),
    };
  });
}

function causesOf(value: unknown, id: string): Described['causes'] {
  const causes = Object.entries(object(value, `what ${id} has as causes`)).map(([code, cause]) => {
    if (!shapes.code.test(code)) throw new Fault(`${id} names a cause ${quoted(code)}, which is no code`);
    if (engineCodes.some((own) => own === code)) throw new Fault(`${id} names a cause ${code}, which is the engine's`);
    const { message, hint } = object(cause, `the cause ${code} of ${id}`);
    const words = { message: text(message, limits.template, `the message of ${code} of ${id}`) };
    return [code, hint === undefined ? words : { ...words, hint: text(hint, limits.template, `the hint of ${code}`) }];
  });
  if (!causes.some(([code]) => code === 'ok')) throw new Fault(`${id} has no words for ok among its causes`);
  return Object.fromEntries(causes);
}

/** The findings that a check answered with, those of a pass `ok` and all others among its causes. */
export function examineFindings(value: unknown, check: Described): Examined<readonly Finding[]> {
  return examined(() => {
    if (!Array.isArray(value)) throw new Fault('it answers with no list of findings');
    if (value.length === 0) throw new Fault('it says nothing');
    if (value.length > most.findings) throw new Fault(`it has ${value.length} findings, and ${most.findings} are read`);
    return value.map((finding) => findingOf(finding, check));
  });
}

/** The finding of a check that does not apply. */
export function examineSkip(value: unknown, check: Described): Examined<readonly Finding[]> {
  return examined(() => [
    { code: declared(value, check), status: 'skipped', target: '<coven-home>', facts: {}, evidence: [] },
  ]);
}

function findingOf(value: unknown, check: Described): Finding {
  const raw = object(value, 'a finding');
  const code = declared(raw.code, check);
  const status = oneOf(statuses, raw.status, `${code} has the status`);
  if ((status === 'pass') !== (code === 'ok')) throw new Fault(`${code} is a ${status}; a pass is ok, and only a pass`);
  if (typeof raw.target !== 'string' || !shapes.target.test(raw.target))
    throw new Fault(`the target of ${code}, ${quoted(raw.target)}, is no role as <coven-home> is`);
  const { evidence, escalate } = raw;
  if (!Array.isArray(evidence) || evidence.length === 0) throw new Fault(`${code} has no evidence`);
  return {
    code,
    status,
    target: cut(raw.target),
    facts: factsOf(raw.facts, code),
    evidence: evidence.slice(0, most.entries).map((item) => evidenceOf(item, code, check)),
    ...(escalate !== undefined && { escalate: oneOf(escalations, escalate, `${code} escalates`) }),
  };
}

function factsOf(value: unknown, code: string): Facts {
  const facts = Object.entries(object(value, `what ${code} has as facts`)).slice(0, most.entries);
  return Object.fromEntries(facts.map(([name, fact]) => [name, scalar(fact, `the fact ${quoted(name)} of ${code}`)]));
}

function evidenceOf(value: unknown, code: string, check: Described): Evidence {
  const { observation, field, value: seen } = object(value, `evidence of ${code}`);
  if (typeof field !== 'string' || field === '') throw new Fault(`evidence of ${code} names no field`);
  return {
    observation: oneOf(check.needs, observation, `${code} rests on what it did not ask for:`),
    field: cut(field),
    value: scalar(seen, `the evidence ${quoted(field)} of ${code}`),
  };
}

function examined<T>(make: () => T): Examined<T> {
  try {
    return { good: make() };
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message };
    throw error;
  }
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Fault(`${what} is no object`);
  return value as Readonly<Record<string, unknown>>;
}

function declared(code: unknown, { causes }: Described): string {
  if (typeof code === 'string' && Object.hasOwn(causes, code)) return code;
  throw new Fault(`the code ${quoted(code)} is not among its causes`);
}

function oneOf<T extends string>(known: readonly T[], value: unknown, what: string): T {
  const found = known.find((name) => name === value);
  if (found === undefined) throw new Fault(`${what} ${quoted(value)}`);
  return found;
}

function text(value: unknown, limit: number, what: string): string {
  if (typeof value !== 'string' || value.trim() === '') throw new Fault(`${what} is missing`);
  if (value.length > limit) throw new Fault(`${what} has ${value.length} characters, and ${limit} are allowed`);
  return value;
}

function scalar(value: unknown, what: string): string | number | boolean | null {
  if (typeof value === 'string') return cut(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  throw new Fault(`${what} is no text, number, boolean or null`);
}

/** A text that is too long is replaced by its length, because a part of it could be part of a secret. */
const cut = (value: string, limit = limits.value): string => (value.length > limit ? `‹text:${value.length}›` : value);

const quoted = (value: unknown): string => cut(JSON.stringify(value) ?? 'undefined', 80);
