import { deserialize, serialize } from 'node:v8';
import type { ArchiveKind } from '../bundle/archive-kind.ts';
import type { Collected } from '../bundle/gather.ts';
import type { Cut, Included, LeftOut } from '../bundle/part.ts';
import type { Check } from '../model/check.ts';
import type { Hit } from '../redaction/proof.ts';
import type { Accepted } from '../run/accepted.ts';
import type { Report, Threshold } from '../run/report.ts';
import type { CheckRun } from '../run/runner.ts';

/** What a check said. Of ours, its id is enough; one that is not ours comes with its words. */
export interface SaidRun extends Omit<CheckRun, 'check'> {
  readonly check: string | Omit<Check, 'judge' | 'skip'>;
}

/** Everything that a bundle is made of. */
export interface PackRequest {
  readonly do: 'pack';
  readonly collected: Collected;
  readonly runs: readonly SaidRun[];
  readonly run: Pick<Report, 'runId' | 'startedAt' | 'durationMs' | 'home'>;
  readonly failOn: Threshold;
  readonly accepted: Accepted;
  readonly included: readonly Included[];
  readonly createdAt: string;
  /** Null where nothing is written. */
  readonly kind: ArchiveKind | null;
  /** What earlier proofs found: the members in question are reduced, round by round. */
  readonly found: readonly (readonly Hit[])[];
  /** Units of work that are left out, and why. */
  readonly givenUp: ReadonlyMap<string, string>;
}

/** A scan of a written bundle. */
export interface ProveRequest {
  readonly do: 'prove';
  readonly path: string;
  readonly forbidden: readonly string[];
}

export interface Packed {
  readonly members: readonly { readonly name: string; readonly bytes: { readonly length: number } }[];
  readonly cut: readonly Cut[];
  readonly leftOut: readonly LeftOut[];
  readonly reduced: readonly Hit[];
  /** Null where none was asked for. */
  readonly archive: Buffer | null;
}

/** What the process says: what it begins, and then one answer. */
export type PackMessage =
  | { readonly begun: string }
  /** Null where what was found cannot be reduced. */
  | { readonly packed: Packed | null }
  | { readonly hits: readonly Hit[] }
  /** What was begun last failed by itself. */
  | { readonly threw: string };

/** A message on a line of its own: with its bytes, maps and what is undefined. */
export const lineOf = (message: PackRequest | ProveRequest | PackMessage): string =>
  serialize(message).toString('base64');
export const messageOf = <T>(line: string): T => deserialize(Buffer.from(line, 'base64')) as T;
