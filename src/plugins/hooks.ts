import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { distrust, type Place } from './trust.ts';

/* How modules are found and loaded in the process of a module of checks; in a thread of its own, as Node has it. */

interface Data {
  /** The folder of our own built files, as a URL with a slash at its end. */
  readonly own: string;
  readonly index: string;
  readonly homes: readonly Place[];
}

let given: Data;

export function initialize(data: Data): void {
  given = data;
}

/** `coven-doctor` is the copy that runs, so that a check needs no other and its engine has no other version. */
export const resolve: ResolveHook = (specifier, context, next) =>
  specifier === 'coven-doctor' ? { url: given.index, shortCircuit: true } : next(specifier, context);

/** Every imported file must be as trustworthy as the module itself. Files loaded with require cannot be checked. */
export const load: LoadHook = async (url, context, next) => {
  if (url.startsWith('node:') || url.startsWith(given.own)) return next(url, context);
  if (!url.startsWith('file:')) throw new Error(`${url.slice(0, 40)} is not a file`);
  const reason = await distrust(fileURLToPath(url), given.homes);
  if (reason) throw new Error(reason);
  const loaded = await next(url, context);
  if (loaded.format === 'commonjs') throw new Error(`${fileURLToPath(url)} is no ES module`);
  return loaded;
};
