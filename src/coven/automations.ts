import { createHash } from 'node:crypto';

/**
 * What keeps Coven 0.4.6 from working with the definition of an automation. `invalid` is its own word for one that it has given up; one that
 * is `too-large` was not read, and may be well.
 */
export const definitionFaults = ['unreadable', 'altered', 'no-schedule', 'invalid', 'too-large'] as const;
export type DefinitionFault = (typeof definitionFaults)[number];

/** Parts of the automations of a ledger of which nothing is known where they cannot be read. */
export const unreadOfAutomations = ['definitions', 'more', 'runs', 'last-pass'] as const;
export type UnreadOfAutomations = (typeof unreadOfAutomations)[number];

/** Coven opens no ledger with such a definition. */
export const keepsFromOpening = (fault: DefinitionFault | null): boolean =>
  fault === 'altered' || fault === 'unreadable';

/** Why an attempt ended, as Coven calls it. Source: the schema of 0.4.6. */
export const attemptFailures = [
  ...['transient_dispatch', 'lease_expired', 'runtime_unavailable', 'launch_refused', 'runtime_error', 'timeout'],
  ...['cancelled', 'ambiguous_evidence', 'runtime_authority_unsupported'],
] as const;

/** It was not even started: the reason stands until somebody removes it. */
export const notStarted: readonly string[] = ['runtime_unavailable', 'launch_refused', 'runtime_authority_unsupported'];

/** What a definition says that has to be there when the automation runs. */
export interface Needed {
  readonly fault: DefinitionFault | null;
  readonly cwd: string | null;
  readonly runtime: string | null;
  readonly familiar: string | null;
}

/** Coven has it wait for its schedule. Source: `coven.automations.create` and `update` of 0.4.6. */
export const isActive = (row: { readonly status: unknown; readonly lifecycle: unknown }): boolean =>
  row.status === 'ACTIVE' && row.lifecycle === 'active';

/**
 * Reads a definition as Coven does. Where its digest is another one, every command that opens the ledger fails, a removed automation's too: whoever
 * changes a definition by hand keeps each daemon from starting. Source: Coven 0.4.6, with definitions changed in its ledger.
 */
export function readDefinition(json: string, digest: string | null): Needed {
  const nothing = { cwd: null, runtime: null, familiar: null };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { fault: 'unreadable', ...nothing };
  }
  if (isDeep(value)) return { fault: 'unreadable', ...nothing };
  if (digest !== null && digestOf(value) !== digest) return { fault: 'altered', ...nothing };
  if (value === null || typeof value !== 'object') return { fault: 'unreadable', ...nothing };
  const fields = value as Readonly<Record<string, unknown>>;
  const text = (name: string): string | null => (typeof fields[name] === 'string' ? fields[name] : null);
  return {
    fault: isSchedule(text('rrule')) ? null : 'no-schedule',
    cwd: text('cwd'),
    runtime: text('runtime'),
    familiar: text('familiarId'),
  };
}

/** Source: digests that Coven 0.4.6 wrote beside its definitions; its form is that of RFC 8785. */
const digestOf = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex');

/** Values within one another that Coven takes. Source: serde_json, which 0.4.6 parses with, refuses the 128th. */
const deepest = 127;

function isDeep(value: unknown): boolean {
  let [level, depth]: [readonly unknown[], number] = [[value], 0];
  while (level.length > 0 && depth <= deepest) {
    level = level.flatMap((one) => (one !== null && typeof one === 'object' ? Object.values(one) : []));
    depth += 1;
  }
  return level.length > 0;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`;
}

const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/** The part of RFC 5545 that Coven 0.4.6 takes. Source: its answers to `coven.automations.create`. */
function isSchedule(rule: string | null): boolean {
  const parts = new Map<string, string>();
  for (const part of (rule ?? '').split(';')) {
    const [key = '', value = '', ...more] = part.split('=').map((word) => word.trim().toUpperCase());
    if (value === '' || more.length > 0 || parts.has(key)) return false;
    parts.set(key, value);
  }
  const [every, hours = '0', days] = [parts.get('FREQ'), parts.get('BYHOUR'), parts.get('BYDAY')];
  if ([...parts.keys()].some((key) => !['FREQ', 'BYHOUR', 'BYDAY'].includes(key))) return false;
  if (every !== 'WEEKLY' && (every !== 'DAILY' || days !== undefined)) return false;
  const isHour = (hour: string): boolean => /^\s*\d{1,2}\s*$/.test(hour) && Number(hour) < 24;
  return hours.split(',').every(isHour) && (days ?? 'MO').split(',').every((day) => weekdays.includes(day.trim()));
}
