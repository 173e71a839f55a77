import type { Hit, Proof } from '../redaction/proof.ts';
import { readBundle } from './read.ts';
import { verifyMembers } from './verify.ts';

/** Finds what must not be in a bundle. A member that cannot be scanned counts as not proven. */
export async function scanBundle(path: string, prove: Proof, begin: (member: string) => void): Promise<readonly Hit[]> {
  const { members } = verifyMembers(await readBundle(path));
  const hits: Hit[] = [];
  for (const [name, bytes] of members) {
    begin(name);
    hits.push(...(await prove({ name, bytes }).catch(() => [{ member: name, rule: 'cannot-be-scanned' }])));
  }
  return hits;
}
