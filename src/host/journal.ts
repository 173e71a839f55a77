import type { StoreFiles } from '../model/observation.ts';
import { readStart } from './files.ts';

const headerBytes = 28;
const magic = 'd9d505f920a163d7';

/**
 * The rollback journal beside a ledger, where the next program that opens the ledger would play it back: null where there
 * is none, or none of that kind. A ledger of one page at most was just being made. Source: the SQLite file format, section 3.
 */
export async function seeJournal(path: string): Promise<StoreFiles['hotJournal']> {
  const reading = await readStart(path, headerBytes);
  if (reading.state !== 'read' || reading.bytes.length < headerBytes) return null;
  const { bytes } = reading;
  if (bytes.toString('hex', 0, 8) !== magic) return null;
  const [pages, ledgerPages] = [bytes.readUInt32BE(8), bytes.readUInt32BE(16)];
  const [sectorSize, pageSize] = [bytes.readUInt32BE(20), bytes.readUInt32BE(24)];
  const isSize = (size: number): boolean => size >= 32 && size <= 65_536 && (size & (size - 1)) === 0;
  if (!isSize(sectorSize) || !isSize(pageSize) || pageSize < 512 || ledgerPages <= 1) return null;
  return { pages, ledgerPages };
}
