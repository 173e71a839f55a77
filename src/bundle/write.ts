import { type OutsideFile, writeOutsideFile } from '../host/outside-file.ts';
import type { Hit, Proof } from '../redaction/proof.ts';
import { readBundle } from './read.ts';
import { verifyMembers } from './verify.ts';

/**
 * Puts an archive in its place, for its owner alone, when it is proven: what was written is opened again as anybody would
 * open it, and every member is scanned. Returns what must not be in it; nothing of it is then left. What the file system
 * says is thrown, and leaves nothing either.
 */
export async function writeProven(
  file: OutsideFile,
  archive: Buffer,
  prove: Proof,
  signal: AbortSignal,
): Promise<readonly Hit[]> {
  let hits: readonly Hit[] = [];
  await writeOutsideFile(file, archive, async (written) => {
    hits = await scan(written, prove, signal);
    return hits.length === 0;
  });
  return hits;
}

/** A member that cannot be scanned is one that is not proven. */
async function scan(path: string, prove: Proof, signal: AbortSignal): Promise<readonly Hit[]> {
  const { members } = verifyMembers(await readBundle(path));
  const hits: Hit[] = [];
  for (const [name, bytes] of members) {
    signal.throwIfAborted();
    hits.push(...(await prove({ name, bytes }).catch(() => [{ member: name, rule: 'cannot-be-scanned' }])));
  }
  signal.throwIfAborted();
  return hits;
}
