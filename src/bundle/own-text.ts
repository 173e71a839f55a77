import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../package.ts';

/**
 * Tells whether a text occurs in this program itself, which supplies the words of every page and report. Such a text is
 * public, and its presence in a bundle reveals nothing.
 */
export async function ownText(): Promise<(text: string) => boolean> {
  const folder = join(packageRoot, 'dist');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.js'));
  const files = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  return (text) => files.some((file) => file.includes(text));
}
