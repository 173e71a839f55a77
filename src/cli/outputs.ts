import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isInside } from '../host/inside.ts';
import { type Format, formats } from '../render/format.ts';
import { UsageError } from './usage.ts';

/** A file that a report is written to. */
export interface Output {
  readonly format: Format;
  /** With the real path of its folder, as it was when the run began. */
  readonly path: string;
}

/** The step summary of one step may have 1 MiB; GitHub shows nothing of a larger one. */
const summaryLimit = 1024 ** 2;

/**
 * What `--output FORMAT=FILE` asks for. Throws a UsageError, before anything is looked at, where a file could not be
 * written: its folder must be there and outside the home, and in its place nothing or a regular file.
 */
export async function parseOutputs(words: readonly string[], home: string): Promise<readonly Output[]> {
  const outputs = await Promise.all(words.map((word) => parseOutput(word, home)));
  const twice = outputs.find(({ path }, index) => outputs.findIndex((other) => other.path === path) < index);
  if (twice) throw new UsageError(`--output names ${twice.path} more than once`);
  return outputs;
}

async function parseOutput(word: string, home: string): Promise<Output> {
  const [name = '', ...rest] = word.split('=');
  const file = rest.join('=');
  const format = formats.find((format) => format === name);
  if (!format || basename(file) === '' || file.endsWith('/')) {
    throw new UsageError(`--output takes FORMAT=FILE, with one of ${formats.join(', ')}; not ${JSON.stringify(word)}`);
  }
  return { format, path: await placeOf('--output', file, home) };
}

/**
 * The real path of a file that `option` asks to be written. Throws a UsageError where it could not be: its folder must be
 * there and outside the home, and in its place nothing or a regular file.
 */
export async function placeOf(option: string, file: string, home: string): Promise<string> {
  const folder = await realpath(dirname(file)).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${option} ${file}: its folder cannot be used (${error.code})`);
  });
  if (await isInside(folder, home))
    throw new UsageError(`${option} ${file}: lies in the Coven home; nothing is written there`);
  const path = join(folder, basename(file));
  await refuseOthers(option, path);
  return path;
}

async function refuseOthers(option: string, path: string): Promise<void> {
  const there = await lstat(path).catch(() => null);
  if (there && !there.isFile())
    throw new UsageError(`${option} ${path}: something is there that is not a regular file`);
}

/**
 * Writes a file whole or not at all, readable by its owner alone. Throws a UsageError where it cannot: what was asked
 * for is then not there.
 */
export async function writeOutput(path: string, text: string, option = '--output'): Promise<void> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await refuseOthers(option, path);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${option} ${path}: cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

/**
 * Appends to the summary of a GitHub step what `render` makes of the bytes that are left in it. Returns why it could
 * not, or undefined.
 */
export async function appendStepSummary(
  path: string,
  home: string,
  render: (room: number) => string,
): Promise<string | undefined> {
  if (await isInside(dirname(path), home)) return 'GITHUB_STEP_SUMMARY lies in the Coven home';
  const flags =
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const handle = await open(path, flags, 0o600);
    try {
      const stat = await handle.stat();
      // A second name could be one in the home.
      if (!stat.isFile() || stat.nlink > 1) return 'GITHUB_STEP_SUMMARY is not a regular file of one name';
      const text = render(summaryLimit - stat.size);
      await handle.writeFile(text);
      return undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    return `GITHUB_STEP_SUMMARY cannot be written (${(error as NodeJS.ErrnoException).code})`;
  }
}
