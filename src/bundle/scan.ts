import type { Hit, Proof } from '../redaction/proof.ts';
import { readBundle } from './read.ts';
import { verifyMembers } from './verify.ts';

/** What a bundle holds that must not be in it. A member that cannot be scanned is one that is not proven. */
export async function scanBundle(path: string, prove: Proof, begin: (member: string) => void): Promise<readonly Hit[]> {
  const { members } = verifyMembers(await readBundle(path));
  const hits: Hit[] = [];
  for (const [name, bytes] of members) {
    begin(name);
    hits.push(...(await prove({ name, bytes }).catch(() => [{ member: name, rule: 'cannot-be-scanned' }])));
  }
  return hits;
}
