import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { readAt } from './bytes.ts';
import { atMost, defaultLimits, type Limits } from './limits.ts';
import { BundleRefused } from './refused.ts';

/**
 * The members of a bundle by name, without folders, in the order of the archive. The file may be an attacker's: its kind is
 * taken from its first bytes, it is parsed in memory, never extracted, and refused if anything in it disagrees.
 * `verifyMembers` checks the members against the manifest.
 * @throws BundleRefused
 */
export async function readBundle(path: string, limits: Limits = defaultLimits): Promise<ReadonlyMap<string, Buffer>> {
  const file = await openFile(path);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new BundleRefused('not-a-file');
    atMost(limits.fileBytes, stat.size, 'too-large');
    const magic = (await readAt(file, 0, Math.min(4, stat.size))).toString('latin1');
    if (magic === 'PK\x03\x04') return await (await import('./zip.ts')).readZip(file, stat.size, limits);
    if (magic.startsWith('\x1f\x8b')) return await (await import('./tgz.ts')).readTgz(file, stat.size, limits);
    throw new BundleRefused('not-a-bundle');
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // A FIFO would block the open call, and a symlink leads elsewhere.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new BundleRefused('absent');
    throw new BundleRefused(code === 'ELOOP' || code === 'ENXIO' ? 'not-a-file' : 'unreadable');
  }
}
