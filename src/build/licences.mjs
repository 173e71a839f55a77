// The licence texts of what esbuild puts into `dist`, which each of those licences asks to go along with the code.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the package that a file of `node_modules` belongs to; null for a file of ours. */
export function packageFolderOf(file) {
  const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/@][^/]*)\//.exec(file) ?? [];
  return folder ?? null;
}

/**
 * One text with name, version and licence of every package that one of the `files` is of. Throws where a package holds no
 * licence text: it must not be published before somebody has found it.
 */
export function licencesOf(files, root) {
  const folders = new Set(files.map(packageFolderOf).filter((folder) => folder !== null));
  const parts = new Set([...folders].map((folder) => partOf(join(root, folder))));
  return `coven-doctor holds code of these packages.\n\n${[...parts].sort().join('\n')}`;
}

const rule = '-'.repeat(80);

function partOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = textsOf(folder);
  if (texts.length === 0) throw new Error(`${name} ${version} holds no licence text`);
  return `${name} ${version} (${license})\n${rule}\n\n${texts.join('\n\n')}\n\n${rule}\n`;
}

function textsOf(folder) {
  const names = readdirSync(folder).sort();
  const read = (file) => readFileSync(join(folder, file), 'utf8').trim();
  const own = names.filter((file) => /^(?:licen[cs]e|copying|notice|unlicense)(?:[.-]|$)/i.test(file)).map(read);
  if (own.length > 0) return own;
  // Some have it at the end of their README.
  const readme = names.find((file) => /^readme/i.test(file));
  const [text] = (readme && /^#+ *licen[cs]e.*[\s\S]{200,}/im.exec(read(readme))) || [];
  return text === undefined ? [] : [text];
}
