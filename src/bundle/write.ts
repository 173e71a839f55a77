import { makeOutsideFile, type OutsideFile, writeOutsideFile } from '../host/outside-file.ts';
import type { Hit } from '../redaction/proof.ts';

/**
 * Writes an archive, readable by its owner only, after it is proven: the written file is opened again like any bundle, and
 * every member is scanned. Returns what must not be in it; the file is then removed. A file system error is thrown, and
 * leaves no file either. Only with `replaces` may there be an older file of that name: it may be the only evidence of an earlier fault.
 */
export async function writeProven(
  file: OutsideFile,
  archive: Buffer,
  prove: (path: string) => Promise<readonly Hit[]>,
  replaces: boolean,
): Promise<readonly Hit[]> {
  let hits: readonly Hit[] = [];
  const write = replaces ? writeOutsideFile : makeOutsideFile;
  await write(file, archive, async (written) => {
    hits = await prove(written);
    return hits.length === 0;
  });
  return hits;
}
