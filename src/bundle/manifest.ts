import { createHash } from 'node:crypto';
import type { Counts } from '../redaction/stream.ts';
import type { Placeholder } from '../redaction/templates/placeholders.ts';
import { plainDocument } from './clean.ts';
import { byName, type Cut, type Included, type LeftOut, type Member } from './part.ts';
import { type Manifest, manifestName } from './verify.ts';

interface Made {
  readonly tool: Manifest['tool'];
  readonly createdAt: string;
  readonly cut: readonly Cut[];
  readonly leftOut: readonly LeftOut[];
  readonly included?: readonly Included[];
  /** Members that were reduced after a proof, and by which rule. */
  readonly reduced?: readonly { readonly member: string; readonly rule: string }[];
}

/** A bundle's description of itself. Hashes are of the redacted members, never of anything outside the bundle. */
export function manifestOf(
  members: readonly Member[],
  { tool, createdAt, cut, leftOut, included = [], reduced = [] }: Made,
): Member {
  const manifest: Manifest = {
    schema: 'coven-doctor.bundle/1',
    tool: { name: tool.name, version: tool.version },
    createdAt,
    members: members.toSorted(byName).map(({ name, bytes }) => ({
      name,
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })),
    cut: cut.map(({ name, what, why }) => ({ name: short(name), what: short(what), why: short(why) })),
    leftOut: leftOut.map(({ name, why }) => ({ name: short(name), why: short(why) })),
    ...(included.length > 0 && { included: [...included].sort() }),
    ...(reduced.length > 0 && { reduced: reduced.map(({ member, rule }) => ({ name: member, rule: short(rule) })) }),
  };
  return { name: manifestName, bytes: plainDocument(manifest) };
}

const short = (text: string): string => text.slice(0, 500);

/** How often each rule removed something, by member, and which of the user's patterns could not be used. */
export function redactionReport(
  counts: Readonly<Record<string, Counts>>,
  refusedPatterns: readonly { readonly index: number; readonly reason: string }[],
  placeholders: readonly Placeholder[],
): Member {
  const members = Object.fromEntries(
    Object.entries(counts)
      .filter(([, found]) => Object.keys(found).length > 0)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  const total: Counts = {};
  for (const found of Object.values(members))
    for (const [rule, n] of Object.entries(found)) total[rule] = (total[rule] ?? 0) + n;
  // A reason can quote the pattern, which is private.
  const unused = refusedPatterns.map(({ index }) => index);
  return {
    name: 'redaction-report.json',
    bytes: plainDocument({ schema: 'coven-doctor.redaction/1', total, members, unused, placeholders }),
  };
}
