import { type OutsideFile, writeOutsideFile } from '../host/outside-file.ts';
import type { Hit } from '../redaction/proof.ts';

/**
 * Writes an archive, readable by its owner only, after it is proven: the written file is opened again like any bundle, and
 * every member is scanned. Returns what must not be in it; the file is then removed. A file system error is thrown, and
 * leaves no file either.
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
