import type { Observation } from '../model/observation.ts';
import type { Compiled } from '../redaction/patterns.ts';
import type { Hit } from '../redaction/proof.ts';
import { makeTokens, withMarked } from '../redaction/tokens.ts';
import type { CheckRun } from '../run/runner.ts';
import { type Cleaner, makeCleaner } from './clean.ts';
import type { Collected } from './gather.ts';
import { manifestOf, redactionReport } from './manifest.ts';
import type { Cut, Included, LeftOut, Member } from './part.ts';
import { byName, rescueName } from './part.ts';
import { type Run, recordingOf } from './recording.ts';
import { emptied, shapesOf } from './reduce.ts';
import { manifestName } from './verify.ts';

/** A redacted run, from which a bundle's report is made. */
export interface Cleaned {
  readonly observations: readonly Observation[];
  /** The results of plug-in checks. Those of our own checks follow from the observations. */
  readonly runs: readonly CheckRun[];
  /** Cleans other lines that a report quotes. */
  readonly line: (text: string) => string;
  readonly included: readonly Included[];
  /** `system.json` and `rescue.json` of the bundle, parsed; null if absent. */
  readonly system: object | null;
  readonly rescue: object | null;
}

export interface Contents {
  /** Every member, the manifest included. */
  readonly members: readonly Member[];
  readonly cut: readonly Cut[];
  readonly leftOut: readonly LeftOut[];
  /** Members that were reduced, each with the rule that found something. */
  readonly reduced: readonly Hit[];
  /**
   * Packs again, with the members in which something was found reduced to shapes, or to nothing if they are shapes already.
   * Null if that does not help.
   */
  readonly without: (hits: readonly Hit[]) => Contents | null;
}

interface Made {
  readonly run: Run;
  readonly tool: { readonly name: string; readonly version: string };
  /** ISO 8601. */
  readonly createdAt: string;
  readonly included: readonly Included[];
  /** The report in each format, made of redacted data. Rejects if a format cannot be made. */
  readonly report: (cleaned: Cleaned) => Promise<readonly Member[]>;
  /** Called with each unit of work that begins: a member, an observation, the report. */
  readonly begin?: (unit: string) => void;
  /** Units that are omitted because work on them did not finish, and why. */
  readonly givenUp?: ReadonlyMap<string, string>;
}

/** Units of work that are not members. */
export const observationUnit = (key: string): string => `observation ${key}`;
export const reportUnit = 'report';
export const manifestUnit = manifestName;

const systemName = 'system.json';

/**
 * The redacted members of a bundle. Observations come first, so tokens are numbered by first appearance in them, whatever
 * else is in the bundle. Equal input gives equal members.
 */
export async function packMembers(collected: Collected, found: readonly CheckRun[], made: Made): Promise<Contents> {
  const { tool, createdAt, included, begin = () => undefined, givenUp = new Map() } = made;
  const { knownValues, patterns, named, common } = collected.redaction;
  const own = await compiled(patterns, included.length === 0);
  const cleaner = makeCleaner(
    { knownValues, patterns: own.patterns, tokens: withMarked(makeTokens(named), common) },
    collected.unnamed,
    included,
  );
  const isWanted = (unit: string): boolean => {
    if (givenUp.has(unit)) return false;
    begin(unit);
    return true;
  };
  const observations = collected.observations.map((seen) =>
    isWanted(observationUnit(seen.key)) ? cleaner.observation(seen) : unread(seen, givenUp),
  );
  const members = [recordingOf(made.run, observations)];
  const parts = collected.gathered.parts.toSorted(byName);
  // The report names the machine and the result of a rescue.
  const early = parts
    .filter(({ name }) => [systemName, rescueName].includes(name))
    .map((part) => ({ part, member: isWanted(part.name) ? cleaner.member(part) : null }));
  const parsed = (name: string): object | null => {
    const member = early.find(({ part }) => part.name === name)?.member;
    return member ? JSON.parse(member.bytes.toString()) : null;
  };
  if (isWanted(reportUnit)) {
    const runs = found.filter(({ check }) => check.module).map(cleaner.run);
    const told = { system: parsed(systemName), rescue: parsed(rescueName) };
    members.push(...(await made.report({ observations, runs, line: cleaner.line, included, ...told })));
  }
  members.push(...early.flatMap(({ member }) => member ?? []));
  for (const part of parts)
    if (!early.some((one) => one.part === part) && isWanted(part.name)) members.push(cleaner.member(part));
  begin(manifestUnit);
  const { cut, leftOut } = cleanedWords(collected, cleaner);
  members.push(redactionReport(cleaner.counts, own.refused, cleaner.placeholders()));
  const unused = own.refused.map(({ index, reason }) => ({ name: patternName(index), why: reason }));
  const lost = [...givenUp].map(([name, why]) => ({ name, why }));
  return contentsOf(
    members,
    { tool, createdAt, cut, leftOut: [...leftOut, ...unused.slice(0, mostNamed), ...lost], included, begin, givenUp },
    [],
  );
}

/** The user's patterns, compiled with RE2, which is loaded only if there are any. Without free text, a bundle is of our own words. */
const compiled = async (patterns: readonly string[], spareWords: boolean): Promise<Compiled> =>
  patterns.length === 0
    ? { patterns: [], refused: [] }
    : (await import('../redaction/patterns.ts')).compilePatterns(patterns, { spareWords });

/** Does not quote a pattern, because it is private. */
const patternName = (index: number): string => `pattern ${index + 1} of extra_patterns in privacy.toml`;
const mostNamed = 100;

/** An observation that was made but is omitted. */
const unread = ({ key, at, ms }: Observation, givenUp: ReadonlyMap<string, string>): Observation => ({
  key,
  at,
  ms,
  ok: false,
  error: { code: 'not-told', message: givenUp.get(observationUnit(key)) ?? '' },
});

interface Told extends Omit<Parameters<typeof manifestOf>[1], 'reduced'> {
  readonly begin: NonNullable<Made['begin']>;
  readonly givenUp: NonNullable<Made['givenUp']>;
}

function contentsOf(all: readonly Member[], told: Told, reduced: readonly Hit[]): Contents {
  const { cut, leftOut, begin, givenUp } = told;
  return {
    members: [...all, manifestOf(all, { ...told, reduced })].sort(byName),
    cut,
    leftOut,
    reduced,
    without: (hits) => {
      const found = new Map(hits.map((hit) => [hit.member, hit]));
      // A manifest or a name cannot be reduced.
      if ([...found.keys()].some((name) => !all.some((member) => member.name === name))) return null;
      const before = new Set(reduced.map(({ member }) => member));
      const less = all.map((member) => {
        if (!found.has(member.name)) return member;
        if (before.has(member.name) || givenUp.has(member.name)) return emptied(member);
        begin(member.name);
        return shapesOf(member);
      });
      if (less.every(({ bytes }, index) => all[index]?.bytes.equals(bytes))) return null;
      return contentsOf(less, told, [...reduced.filter(({ member }) => !found.has(member)), ...found.values()]);
    },
  };
}

/** Our own words about an omission can quote the machine. */
function cleanedWords({ gathered: { cut, leftOut } }: Collected, { line }: Cleaner) {
  return {
    cut: cut.map(({ name, what, why }) => ({ name: line(name), what: line(what), why: line(why) })),
    leftOut: leftOut.map(({ name, why }) => ({ name: line(name), why: line(why) })),
  };
}
