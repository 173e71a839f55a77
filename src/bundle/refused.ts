/** Why a file is not taken for a bundle, as a code; words for it live in render. */
export type RefusedCode =
  | 'absent'
  | 'not-a-file'
  | 'unreadable'
  | 'not-a-bundle'
  | 'too-large'
  | 'too-many-members'
  | 'member-too-large'
  | 'total-too-large'
  /** Unpacked, it would be more than a given number of times as large. */
  | 'ratio'
  | 'truncated'
  | 'damaged'
  /** Bytes that belong to no member: between members, after the end, a comment, a second archive. */
  | 'stray-data'
  | 'overlap'
  /** What is told of a member in one place differs from what is told in another. */
  | 'headers-differ'
  | 'checksum'
  | 'encrypted'
  /** A way of packing that bundles do not have. */
  | 'unsupported'
  | 'link'
  /** A device, a FIFO, or a folder with content. */
  | 'not-regular'
  | 'unsafe-name'
  | 'duplicate-name'
  | 'not-json'
  | 'manifest-missing'
  | 'manifest-invalid'
  | 'member-missing'
  | 'member-unnamed'
  | 'member-changed';

export interface RefusedFacts {
  /** Of the member that it is about; as it stands in the archive, and so not to be shown as it is. */
  readonly member?: string;
  /** Bytes, members or times, as the code says, that are more than allowed. */
  readonly limit?: number;
}

/** A bundle that is not read: nothing of it was written anywhere. Exit code 2. */
export class BundleRefused extends Error {
  readonly code: RefusedCode;
  readonly facts: RefusedFacts;
  constructor(code: RefusedCode, facts: RefusedFacts = {}) {
    super(`${code} ${JSON.stringify(facts)}`);
    this.code = code;
    this.facts = facts;
  }
}

/** What a library says of an archive, with its own error as a refusal. */
export async function understood<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Refusals as they are, an error of the system as `unreadable`, what a library found wrong as damage. A bug is thrown. */
export function refusalOf(error: unknown): BundleRefused {
  if (error instanceof TypeError || error instanceof ReferenceError) throw error;
  if (error instanceof BundleRefused) return error;
  if (error instanceof Error && 'syscall' in error) return new BundleRefused('unreadable');
  const said = error instanceof Error ? error.message : '';
  if (/encryption/i.test(said)) return new BundleRefused('encrypted');
  return new BundleRefused(/unexpected (EOF|end of)/i.test(said) ? 'truncated' : 'damaged');
}
