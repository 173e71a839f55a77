/** Why a file is refused as a bundle, as a code. Its words are in render. */
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
  /** Two headers of a member differ. */
  | 'headers-differ'
  | 'checksum'
  | 'encrypted'
  /** A compression method that bundles do not use. */
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
  /** The name of the member as it is in the archive. Do not show it unescaped. */
  readonly member?: string;
  /** The value over the limit: bytes, members or a ratio, depending on the code. */
  readonly limit?: number;
}

/** A bundle that was refused. Nothing of it was written. Exit code 2. */
export class BundleRefused extends Error {
  readonly code: RefusedCode;
  readonly facts: RefusedFacts;
  constructor(code: RefusedCode, facts: RefusedFacts = {}) {
    super(`${code} ${JSON.stringify(facts)}`);
    this.code = code;
    this.facts = facts;
  }
}

/** Runs a library on an archive and turns its error into a refusal. */
export async function understood<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Keeps refusals, turns a system error into `unreadable` and a library error into damage. A bug is thrown. */
export function refusalOf(error: unknown): BundleRefused {
  if (error instanceof TypeError || error instanceof ReferenceError) throw error;
  if (error instanceof BundleRefused) return error;
  if (error instanceof Error && 'syscall' in error) return new BundleRefused('unreadable');
  const said = error instanceof Error ? error.message : '';
  if (/encryption/i.test(said)) return new BundleRefused('encrypted');
  return new BundleRefused(/unexpected (EOF|end of)/i.test(said) ? 'truncated' : 'damaged');
}
