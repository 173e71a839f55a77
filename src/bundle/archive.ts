import { buffer } from 'node:stream/consumers';
import { deflateRawSync } from 'node:zlib';
import { TarArchive, ZipArchive } from 'archiver';
import type { ArchiveKind } from './archive-kind.ts';
import { defaultLimits } from './limits.ts';
import { byName, type Member } from './part.ts';

/** One fixed date for all members, so that equal input gives equal bytes. */
const date = new Date(0);
const mode = 0o600;
/** Far below the ratio at which a reader refuses a bundle, because a log can repeat one line a thousand times. */
const ratio = defaultLimits.ratio / 4;

/** Compression level: low for texts of shapes, which compress well. */
const level = 1;

/** Packs members. Equal members give equal bytes, whatever their order and the time. */
export async function makeArchive(members: readonly Member[], kind: ArchiveKind): Promise<Buffer> {
  const archive =
    kind === 'zip'
      ? new ZipArchive({ zlib: { level } })
      : // Node writes no time and no name into a gzip header.
        new TarArchive({ gzip: true, gzipOptions: { level: isPacked(members) ? level : 0 } });
  for (const member of members.toSorted(byName)) {
    const { name, bytes } = member;
    archive.append(bytes, { name, date, mode, ...(kind === 'zip' && { store: !isPacked([member]) }) });
  }
  const [whole] = await Promise.all([buffer(archive), archive.finalize()]);
  return whole;
}

/** Whether the compression ratio stays below the limit of a reader. */
function isPacked(members: readonly Member[]): boolean {
  const size = members.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const packed = members.reduce((sum, { bytes }) => sum + deflateRawSync(bytes, { level }).length, 0);
  return size > 0 && size < ratio * packed;
}
