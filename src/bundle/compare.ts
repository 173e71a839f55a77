import type { Check, Finding } from '../model/check.ts';
import type { Observation } from '../model/observation.ts';
import type { CheckRun } from '../run/runner.ts';

export interface FoundThing {
  readonly check: Check;
  readonly finding: Finding;
}

export interface Comparison {
  readonly appeared: readonly FoundThing[];
  readonly wentAway: readonly FoundThing[];
  /** The same cause of the same target, with other facts. */
  readonly changed: readonly { readonly before: FoundThing; readonly after: FoundThing }[];
  readonly observations: readonly Change[];
}

export type Leaf = string | number | boolean | null;

/** One changed field; undefined if it is absent. */
export interface Change {
  readonly observation: string;
  readonly path: string;
  readonly before: Leaf | undefined;
  readonly after: Leaf | undefined;
}

interface Side {
  readonly runs: readonly CheckRun[];
  readonly observations: readonly Observation[];
}

/** The differences between two runs. Passed and skipped checks are no findings here. */
export function compareRuns(before: Side, after: Side): Comparison {
  const [old, now] = [findings(before), findings(after)];
  const both = [...now].filter(([key]) => old.has(key));
  return {
    appeared: [...now].filter(([key]) => !old.has(key)).map(([, found]) => found),
    wentAway: [...old].filter(([key]) => !now.has(key)).map(([, found]) => found),
    changed: both
      .map(([key, found]) => ({ before: old.get(key) ?? found, after: found }))
      .filter(({ before, after }) => told(before) !== told(after)),
    observations: changes(before.observations, after.observations),
  };
}

function findings({ runs }: Side): ReadonlyMap<string, FoundThing> {
  const found = new Map<string, FoundThing>();
  const told = new Map<string, number>();
  for (const { check, findings } of runs)
    for (const finding of findings) {
      if (finding.status === 'pass' || finding.status === 'skipped') continue;
      const base = `${check.id}\0${finding.code}\0${finding.target}`;
      // One cause can be found for several targets with the same role.
      const n = (told.get(base) ?? 0) + 1;
      told.set(base, n);
      found.set(`${base}\0${n}`, { check, finding });
    }
  return found;
}

/** Facts used only by hints are not part of the finding. */
const ofHints = /^daemonVerdict$|^daemonPid$|BlockedBy$/;

const told = ({ finding: { status, facts } }: FoundThing): string =>
  JSON.stringify([
    status,
    Object.entries(facts)
      .filter(([name]) => !ofHints.test(name))
      .toSorted(),
  ]);

/** Fields that differ in every run. */
const ofClock = /^(?:now|ms|watchedMs)$/;

function changes(before: readonly Observation[], after: readonly Observation[]): readonly Change[] {
  const [old, now] = [before, after].map((side) => new Map(side.map((seen) => [seen.key as string, leavesOf(seen)])));
  return [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].flatMap((observation) => {
    const [was, is] = [old?.get(observation), now?.get(observation)];
    const paths = [...new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])];
    return paths
      .map((path) => ({ observation, path, before: was?.get(path), after: is?.get(path) }))
      .filter(({ path, before, after }) => before !== after && !ofClock.test(path));
  });
}

function leavesOf(seen: Observation): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  walk(seen.ok ? seen.value : { error: seen.error }, '', leaves);
  return leaves;
}

/** Fields that identify the items of a list. The first one that all items have is used. */
const identities = ['name', 'pid', 'id', 'table', 'path'];

function walk(value: unknown, path: string, leaves: Map<string, Leaf>): void {
  if (value === null || typeof value !== 'object') {
    leaves.set(path, (value ?? null) as Leaf);
    return;
  }
  if (!Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`, leaves);
    return;
  }
  const known = identities.find((name) => isIdentity(value, name));
  for (const [index, item] of value.entries()) {
    const at = known ? `${known}=${(item as Record<string, unknown>)[known]}` : isPlain(value) ? String(item) : index;
    walk(item, `${path}[${at}]`, leaves);
  }
}

function isIdentity(list: readonly unknown[], name: string): boolean {
  const values = list.map((item) =>
    item !== null && typeof item === 'object' ? (item as Record<string, unknown>)[name] : undefined,
  );
  return (
    values.every((value) => typeof value === 'string' || typeof value === 'number') &&
    new Set(values).size === list.length
  );
}

/** A list of distinct words is compared as a set. */
const isPlain = (list: readonly unknown[]): boolean =>
  list.every((item) => typeof item === 'string') && new Set(list).size === list.length;
