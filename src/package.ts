import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of our own package.json, from a source file as from a built one. */
export const packageRoot = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  // `dist` has one of its own, which tells Node that its programs are CommonJS.
  while (basename(folder) === 'dist' || !existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) throw new Error(`no package.json above ${fileURLToPath(import.meta.url)}`);
    folder = dirname(folder);
  }
  return folder;
})();

interface Tool {
  readonly name: string;
  readonly version: string;
}

let known: Tool | undefined;

/** Name and version of this tool. */
export function tool(): Tool {
  const { name, version } = known ?? JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  known = { name, version };
  return known;
}
