import { buffer } from 'node:stream/consumers';
import { createGzip, deflateRawSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { ZipFile } from 'yazl';
import { defaultLimits } from './limits.ts';
import { byName, type Member } from './part.ts';

export type ArchiveKind = 'zip' | 'tgz';

/** By the name that was asked for; a zip is what every machine opens. */
export const kindOf = (file: string): ArchiveKind => (/\.(?:tgz|tar\.gz)$/i.test(file) ? 'tgz' : 'zip');

/** A zip names days in the zone of who writes it. */
const day = (): Date => new Date(2000, 0, 1);
const mode = 0o100600;
/** Far below what a reader takes for a bomb: a log may say one thing a thousand times. */
const ratio = defaultLimits.ratio / 4;

/** Members as an archive: equal ones give equal bytes, whatever their order and the clock. */
export function makeArchive(members: readonly Member[], kind: ArchiveKind): Promise<Buffer> {
  const sorted = members.toSorted(byName);
  return kind === 'zip' ? makeZip(sorted) : makeTgz(sorted);
}

function makeZip(members: readonly Member[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { name, bytes } of members)
    zip.addBuffer(bytes, name, { mtime: day(), mode, forceDosTimestamp: true, compress: isPacked([bytes]) });
  zip.end();
  return buffer(zip.outputStream);
}

function makeTgz(members: readonly Member[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, bytes } of members)
    tar.entry({ name, mode: mode & 0o777, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' }, bytes);
  tar.finalize();
  // Node writes no time and no name into a gzip header.
  const level = isPacked(members.map(({ bytes }) => bytes)) ? 6 : 0;
  return buffer(tar.pipe(createGzip({ level })));
}

/** Whether packing makes something less small than a reader believes. */
function isPacked(parts: readonly Buffer[]): boolean {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const packed = parts.reduce((sum, bytes) => sum + deflateRawSync(bytes).length, 0);
  return size > 0 && size < ratio * packed;
}
