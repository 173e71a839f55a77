import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { harnessCommands } from '../../coven/contract.ts';
import { tool } from '../../package.ts';
import { brokenWays, isDangling, whyNotRun } from '../coven-program.ts';
import { launcherAt } from '../launcher.ts';
import type { Look } from '../look.ts';
import { readPackage } from '../npm-package.ts';
import { filePath, flag, id, list, maybe, oneOf, text, type ValueOf } from '../shape.ts';
import { mountOf, readMounts } from './home-filesystem.ts';

/** Beside what a program itself lacks. */
const blockedWays = ['noexec', 'denied', 'mode', ...brokenWays] as const;

export const schema = () =>
  v.object({
    /** Every `coven` on PATH, first found first. */
    covens: list(
      v.object({
        path: filePath,
        /** What it leads to. */
        target: filePath,
        /** Of the npm package that it belongs to, where that is Coven's or this one. */
        version: maybe(text),
        ours: flag,
        /** It is a launcher of ours, which hands what is not `coven doctor` to the next one. */
        launcher: v.optional(flag),
      }),
    ),
    /** Those that cannot be run, and links to nothing by that name, as far as their files tell it. */
    broken: list(v.object({ path: filePath, why: oneOf(brokenWays) })),
    harnesses: list(
      v.object({
        id,
        /** The first that Coven takes for one, which can be run. */
        path: maybe(filePath),
        /** One in its place that cannot be run: `mode` gives nobody the right to, `denied` is what the kernel says all the same. */
        blocked: v.exactOptional(v.object({ path: filePath, why: oneOf(blockedWays) })),
      }),
    ),
    /** The manifest of harness adapters that the environment names, where it is no file that can be read. */
    manifest: v.exactOptional(v.object({ path: filePath, code: text })),
  });
export type Install = ValueOf<typeof schema>;

const folderLimit = 200;

/** Every `coven` on PATH and the harnesses that Coven would find there. Nothing is run: Coven's commands write. */
export const take = ({ env }: Look): Promise<Install> => installIn(env);

/** The same of any environment. */
export async function installIn(env: Look['env']): Promise<Install> {
  const folders = foldersOf(env.PATH ?? '');
  const files = async (name: string): Promise<readonly string[]> => {
    const found = await Promise.all(folders.map((folder) => executable(join(folder, name))));
    return found.filter((file) => file !== null);
  };
  const covens = await Promise.all(
    (await files('coven')).map(async (path) => {
      const target = await realpath(path).catch(() => path);
      if (launcherAt(path)) return { path, target, version: null, ours: true, launcher: true };
      return { path, target, ...(await packageOf(target)) };
    }),
  );
  const harnesses = await Promise.all(harnessCommands.map((id) => harnessIn(id, folders, env.PATH ?? '')));
  const dangling = folders.map((folder) => join(folder, 'coven')).filter(isDangling);
  const unrunnable = covens.flatMap(({ path }) => {
    const why = whyNotRun(path, env.PATH ?? '');
    return why === null ? [] : [{ path, why }];
  });
  const broken = [...unrunnable, ...dangling.map((path) => ({ path, why: 'dangling' as const }))];
  const manifest = await unreadManifest(env.COVEN_HARNESS_ADAPTER_MANIFEST);
  return { covens, broken, harnesses, ...(manifest && { manifest }) };
}

/** Coven takes the value as it stands, as one path. Nothing of the file is read: only Coven knows its form. */
export async function unreadManifest(path: string | undefined): Promise<Install['manifest'] | null> {
  if (path === undefined) return null;
  try {
    if ((await stat(path)).isDirectory()) return { path, code: 'EISDIR' };
    await access(path, constants.R_OK);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { path, code };
  }
}

/** The harnesses that a daemon with this PATH can run. */
export async function harnessesOn(path: string): Promise<readonly string[]> {
  const folders = foldersOf(path);
  const found = await Promise.all(harnessCommands.map((id) => harnessIn(id, folders, path)));
  return found.flatMap((harness) => (harness.path === null ? [] : [harness.id]));
}

/** Whether a program that can be run is on this PATH. */
export async function programOn(name: string, path: string): Promise<boolean> {
  for (const folder of foldersOf(path)) {
    const file = await executable(join(folder, name));
    if (file !== null && whyNotRun(file, path) === null) return true;
  }
  return false;
}

const foldersOf = (path: string): readonly string[] =>
  [...new Set(path.split(delimiter).filter(isAbsolute))].slice(0, folderLimit);

type Harness = Install['harnesses'][number];

/** Coven takes the first file that anybody may execute, whether it can be run or not; one that nobody may is passed over. */
async function harnessIn(id: string, folders: readonly string[], path: string): Promise<Harness> {
  let passed: string | null = null;
  for (const folder of folders) {
    const file = join(folder, id);
    const found = await stat(file).catch(() => null);
    if (!found?.isFile()) continue;
    if ((found.mode & 0o111) === 0) {
      passed ??= file;
      continue;
    }
    const why = (await executable(file)) === null ? await deniedBy(file) : whyNotRun(file, path);
    return why === null ? { id, path: file } : { id, path: null, blocked: { path: file, why } };
  }
  return passed === null ? { id, path: null } : { id, path: null, blocked: { path: passed, why: 'mode' } };
}

async function deniedBy(file: string): Promise<'noexec' | 'denied'> {
  const real = await realpath(file).catch(() => file);
  return mountOf(real, readMounts() ?? []).options.includes('noexec') ? 'noexec' : 'denied';
}

async function executable(file: string): Promise<string | null> {
  try {
    // Most are not there, which costs one question.
    if (!(await stat(file)).isFile()) return null;
    await access(file, constants.X_OK);
    return file;
  } catch {
    return null;
  }
}

/** Programs of this package are scripts of Node: another kind of program below its folder is somebody else's. */
const isScript = (file: string): boolean => /\.[cm]?[jt]s$/.test(file);

/** The npm package that a file belongs to, as far as one is above it. */
export async function packageOf(file: string): Promise<Pick<Install['covens'][number], 'version' | 'ours'>> {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const found = readPackage(folder);
    if (found === null) continue;
    if (found !== 'unreadable') {
      const { name, version } = found;
      // `dist` has one that only tells Node how to read its files.
      if (name === undefined) continue;
      const isCovens = typeof name === 'string' && name.startsWith('@opencoven/');
      const isOurs = name === tool().name && isScript(file);
      return {
        version: (isOurs || isCovens) && typeof version === 'string' && version.length <= 100 ? version : null,
        ours: isOurs,
      };
    }
    return { version: null, ours: false };
  }
  return { version: null, ours: false };
}
