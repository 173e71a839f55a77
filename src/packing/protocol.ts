import { deserialize, serialize } from 'node:v8';
import type { ArchiveKind } from '../bundle/archive-kind.ts';
import type { Collected } from '../bundle/gather.ts';
import type { Cut, Included, LeftOut } from '../bundle/part.ts';
import type { Check } from '../model/check.ts';
import type { Hit } from '../redaction/proof.ts';
import type { Accepted } from '../run/accepted.ts';
import type { Report, Threshold } from '../run/report.ts';
import type { CheckRun } from '../run/runner.ts';

/** The result of a check. Our own is identified by its id. A plug-in check includes its words. */
export interface SaidRun extends Omit<CheckRun, 'check'> {
  readonly check: string | Omit<Check, 'judge' | 'skip'>;
}

/** The input of a bundle. */
export interface PackRequest {
  readonly do: 'pack';
  readonly collected: Collected;
  readonly runs: readonly SaidRun[];
  readonly run: Pick<Report, 'runId' | 'startedAt' | 'durationMs' | 'home'>;
  readonly failOn: Threshold;
  readonly accepted: Accepted;
  readonly included: readonly Included[];
  readonly createdAt: string;
  /** Null if nothing is written. */
  readonly kind: ArchiveKind | null;
  /** Hits of earlier proofs. Their members are reduced, round by round. */
  readonly found: readonly (readonly Hit[])[];
  /** Omitted units of work, and why. */
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
  /** Null if no archive was requested. */
  readonly archive: Buffer | null;
}

/** Messages of the process: each unit that it begins, then one answer. */
export type PackMessage =
  | { readonly begun: string }
  /** Null if a hit cannot be reduced. */
  | { readonly packed: Packed | null }
  | { readonly hits: readonly Hit[] }
  /** The unit that was begun last failed. */
  | { readonly threw: string };

/** Encodes a message as one line, including bytes, maps and undefined. */
export const lineOf = (message: PackRequest | ProveRequest | PackMessage): string =>
  serialize(message).toString('base64');
export const messageOf = <T>(line: string): T => deserialize(Buffer.from(line, 'base64')) as T;
