import type { Observation } from '../observation.ts';
import type { Hit } from '../redaction/proof.ts';
import type { CheckRun } from '../runner.ts';
import { type Cleaner, makeCleaner } from './clean.ts';
import type { Haul } from './gather.ts';
import { manifestOf, redactionReport } from './manifest.ts';
import type { Cut, Included, LeftOut, Member } from './part.ts';
import { byName } from './part.ts';
import { type Run, recordingOf } from './recording.ts';
import { emptied, shapesOf } from './reduce.ts';

/** A redacted run: what a bundle's own report is made of. */
export interface Cleaned {
  readonly observations: readonly Observation[];
  /** Of checks that are not ours: what ours say follows from the observations. */
  readonly runs: readonly CheckRun[];
  /** For what else a report quotes: a line of the user's own. */
  readonly line: (text: string) => string;
  readonly included: readonly Included[];
}

export interface Contents {
  /** Every member, the manifest included. */
  readonly members: readonly Member[];
  readonly cut: readonly Cut[];
  readonly leftOut: readonly LeftOut[];
  /** Members that hold less than was packed, and the rule for which. */
  readonly reduced: readonly Hit[];
  /** The same with the members in which something was found reduced to shapes, and to nothing where they are already. Null where that does not help. */
  readonly without: (hits: readonly Hit[]) => Contents | null;
}

interface Made {
  readonly run: Run;
  readonly tool: { readonly name: string; readonly version: string };
  /** ISO 8601. */
  readonly createdAt: string;
  readonly included: readonly Included[];
  /** The report in its forms, made of what is redacted; a form that cannot be made rejects. */
  readonly report: (cleaned: Cleaned) => Promise<readonly Member[]>;
}

/**
 * The members of a bundle, redacted. The observations come first: a thing has the number of its first appearance in
 * them, whatever else is in the bundle. Equal input gives equal members.
 */
export async function packMembers(haul: Haul, found: readonly CheckRun[], made: Made): Promise<Contents> {
  const cleaner = makeCleaner(haul.redaction, haul.unnamed, made.included);
  const observations = haul.observations.map(cleaner.observation);
  const runs = found.filter(({ check }) => check.module).map(cleaner.run);
  const { parts, cut, leftOut } = cleanedWords(haul, cleaner);
  const members = [
    recordingOf(made.run, observations),
    ...(await made.report({ observations, runs, line: cleaner.line, included: made.included })),
    ...parts.toSorted(byName).map(cleaner.member),
  ];
  const report = redactionReport(cleaner.counts, cleaner.refusedPatterns, cleaner.placeholders());
  const all = [...members, report];
  const { tool, createdAt, included } = made;
  return contentsOf(all, { tool, createdAt, cut, leftOut, included }, []);
}

type Told = Omit<Parameters<typeof manifestOf>[1], 'reduced'>;

function contentsOf(all: readonly Member[], told: Told, reduced: readonly Hit[]): Contents {
  const { cut, leftOut } = told;
  return {
    members: [...all, manifestOf(all, { ...told, reduced })].sort(byName),
    cut,
    leftOut,
    reduced,
    without: (hits) => {
      const found = new Map(hits.map((hit) => [hit.member, hit]));
      // The manifest, and a name: there is nothing that could be made less.
      if ([...found.keys()].some((name) => !all.some((member) => member.name === name))) return null;
      const before = new Set(reduced.map(({ member }) => member));
      const less = all.map((member) =>
        found.has(member.name) ? (before.has(member.name) ? emptied : shapesOf)(member) : member,
      );
      if (less.every(({ bytes }, index) => all[index]?.bytes.equals(bytes))) return null;
      return contentsOf(less, told, [...reduced.filter(({ member }) => !found.has(member)), ...found.values()]);
    },
  };
}

/** Our own words on what is missing may quote the machine. */
function cleanedWords({ gathered: { parts, cut, leftOut } }: Haul, { line }: Cleaner) {
  return {
    parts,
    cut: cut.map(({ name, what, why }) => ({ name: line(name), what: line(what), why: line(why) })),
    leftOut: leftOut.map(({ name, why }) => ({ name: line(name), why: line(why) })),
  };
}
