import { closeSync, constants, fstatSync, openSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { closeFolder, entryOf } from '../../host/folder.ts';
import { isBelow, openOutside, Unsafe } from '../../host/outside.ts';
import { type OutsideFile, openOutsideFile, writeOutsideFile } from '../../host/outside-file.ts';
import { type Format, formats } from '../../render/format.ts';
import { UsageError } from '../../terminal/usage.ts';

/** A file that a report is written to. */
export interface Output {
  readonly format: Format;
  readonly file: OutsideFile;
}

/** The step summary of one step may have 1 MiB; GitHub shows nothing of a larger one. */
const summaryLimit = 1024 ** 2;

/**
 * What `--output FORMAT=FILE` asks for. Throws a UsageError, before anything is looked at, where a file could not be
 * written: see `placeOf`.
 */
export function parseOutputs(words: readonly string[], home: string): readonly Output[] {
  const outputs = words.map((word) => parseOutput(word, home));
  const paths = outputs.map(({ file }) => file.path);
  const twice = paths.find((path, index) => paths.indexOf(path) < index);
  if (twice !== undefined) throw new UsageError(`--output names ${twice} more than once`);
  return outputs;
}

function parseOutput(word: string, home: string): Output {
  const [name = '', ...rest] = word.split('=');
  const file = rest.join('=');
  const format = formats.find((format) => format === name);
  if (!format || basename(file) === '' || file.endsWith('/')) {
    throw new UsageError(`--output takes FORMAT=FILE, with one of ${formats.join(', ')}; not ${JSON.stringify(word)}`);
  }
  return { format, file: placeOf('--output', file, home) };
}

/**
 * Opens the place of a file that `option` asks to be written. Throws a UsageError where it could not be: its folder must
 * be there, outside the home and, for root, safe from other users, and in its place nothing or a regular file.
 */
export function placeOf(option: string, file: string, home: string): OutsideFile {
  try {
    return openOutsideFile(file, home);
  } catch (error) {
    throw asUsage(error, `${option} ${file}`, 'its folder cannot be used');
  }
}

/**
 * Writes a file whole or not at all, readable by its owner alone. Throws a UsageError where it cannot: what was asked
 * for is then not there.
 */
export async function writeOutput(file: OutsideFile, text: string, option = '--output'): Promise<void> {
  try {
    await writeOutsideFile(file, text);
  } catch (error) {
    throw asUsage(error, `${option} ${file.path}`, 'cannot be written');
  }
}

/** What the machine refused is told in one line; a bug stays one. */
export function asUsage(error: unknown, what: string, why: string): unknown {
  if (error instanceof Unsafe) return new UsageError(`${what}: ${error.message}`);
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? new UsageError(`${what}: ${why} (${code})`) : error;
}

/**
 * Appends to the summary of a GitHub step what `render` makes of the bytes that are left in it. Returns why it could
 * not, or undefined.
 */
export function appendStepSummary(path: string, home: string, render: (room: number) => string): string | undefined {
  const flags =
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const folder = openOutside(dirname(path));
    try {
      if (isBelow(folder, home)) return 'GITHUB_STEP_SUMMARY lies in the Coven home';
      // As root in a container, whose runner is another user: the file must be there, and as much theirs as the folder.
      const isShared = folder.exposed !== null && process.geteuid?.() === 0;
      const fd = openSync(entryOf(folder, basename(path)), isShared ? flags & ~constants.O_CREAT : flags, 0o600);
      try {
        const stat = fstatSync(fd);
        // A second name could be one in the home.
        if (!stat.isFile() || stat.nlink > 1) return 'GITHUB_STEP_SUMMARY is not a regular file of one name';
        if (isShared && stat.uid !== folder.uid)
          return `GITHUB_STEP_SUMMARY is not its folder's owner's; ${folder.exposed}`;
        writeFileSync(fd, render(summaryLimit - stat.size));
        return undefined;
      } finally {
        closeSync(fd);
      }
    } finally {
      closeFolder(folder);
    }
  } catch (error) {
    const why = error instanceof Unsafe ? error.message : (error as NodeJS.ErrnoException).code;
    return `GITHUB_STEP_SUMMARY cannot be written (${why})`;
  }
}
