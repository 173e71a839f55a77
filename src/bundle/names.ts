import { BundleRefused } from './refused.ts';

/** Longer than any name in a real bundle, and short enough to be shown. */
const longest = 255;

/** Control, format and line-separating characters; backslashes, which some systems take for a `/`. */
const deceiving = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/u;

/**
 * The name of a member, from its bytes in the archive. Throws BundleRefused for a name that could lead out of a folder,
 * collide with another, or deceive its reader.
 */
export function nameOf(bytes: Uint8Array): string {
  if (bytes.length > longest) throw new BundleRefused('unsafe-name');
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BundleRefused('unsafe-name', { member: Buffer.from(bytes).toString('latin1') });
  }
  const parts = name.split('/');
  // An absolute name begins with an empty part.
  const leads = parts.some((part) => part === '' || part === '.' || part === '..') || /^[a-z]:/i.test(name);
  if (leads || deceiving.test(name)) throw new BundleRefused('unsafe-name', { member: name });
  return name;
}

/**
 * Checks names of files and folders one by one. Throws BundleRefused for a duplicate, including names that differ only in
 * case or in how a character is composed, because some file systems treat them as one; and for a file that is also a folder.
 */
export function distinctNames(): (name: string, kind: 'file' | 'folder') => void {
  const told = new Set<string>();
  const files = new Set<string>();
  const folders = new Set<string>();
  return (name, kind) => {
    const folded = fold(name);
    const parts = folded.split('/');
    const above = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
    if (told.has(folded) || above.some((folder) => files.has(folder)) || (kind === 'file' && folders.has(folded)))
      throw new BundleRefused('duplicate-name', { member: name });
    told.add(folded);
    (kind === 'file' ? files : folders).add(folded);
    for (const folder of above) folders.add(folder);
  };
}

const fold = (name: string): string => name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
