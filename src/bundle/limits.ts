import { BundleRefused, type RefusedCode } from './refused.ts';

/** Limits beyond which a file is refused as a bundle. */
export interface Limits {
  /** Bytes of the file. */
  readonly fileBytes: number;
  /** Bytes of all members, unpacked. */
  readonly totalBytes: number;
  /** Bytes of one member, unpacked. */
  readonly memberBytes: number;
  /** Most times that unpacked data may be larger than packed data. Our own bundles stay below it. */
  readonly ratio: number;
  readonly members: number;
}

export const defaultLimits: Limits = {
  fileBytes: 1024 ** 3,
  totalBytes: 512 * 1024 ** 2,
  memberBytes: 256 * 1024 ** 2,
  ratio: 200,
  members: 10_000,
};

/** Throws BundleRefused if `value` is greater than `limit`. */
export function atMost(limit: number, value: number, code: RefusedCode, member?: string): void {
  if (!(value <= limit)) throw new BundleRefused(code, { limit, ...(member !== undefined && { member }) });
}

/** Checks the declared sizes of members one by one, before memory is allocated for them. */
export function sizesWithin(limits: Limits): (size: number, member: string) => void {
  let count = 0;
  let total = 0;
  return (size, member) => {
    count += 1;
    total += size;
    atMost(limits.members, count, 'too-many-members');
    atMost(limits.memberBytes, size, 'member-too-large', member);
    atMost(limits.totalBytes, total, 'total-too-large');
  };
}
