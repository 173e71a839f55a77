import { type OutsideFile, writeOutsideFile } from '../host/outside-file.ts';
import type { Hit } from '../redaction/proof.ts';

/**
 * Puts an archive in its place, for its owner alone, when it is proven: what was written is opened again as anybody would
 * open it, and every member is scanned. Returns what must not be in it; nothing of it is then left. What the file system
 * says is thrown, and leaves nothing either.
 */
export async function writeProven(
  file: OutsideFile,
  archive: Buffer,
  prove: (path: string) => Promise<readonly Hit[]>,
): Promise<readonly Hit[]> {
  let hits: readonly Hit[] = [];
  await writeOutsideFile(file, archive, async (written) => {
    hits = await prove(written);
    return hits.length === 0;
  });
  return hits;
}
