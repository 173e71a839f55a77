import { readBundle } from '../../bundle/read.ts';
import { BundleRefused } from '../../bundle/refused.ts';
import { type Verified, verifyMembers } from '../../bundle/verify.ts';
import { sayRefused } from '../../render/bundle-refused.ts';
import { UsageError } from '../../terminal/usage.ts';

/** A bundle that is whole and agrees with its manifest. Throws a UsageError that says why the file is none. */
export async function openBundle(file: string): Promise<Verified> {
  try {
    return verifyMembers(await readBundle(file));
  } catch (error) {
    if (!(error instanceof BundleRefused)) throw error;
    throw new UsageError(`${file} is not taken for a bundle: ${sayRefused(error)}`);
  }
}
