/** Where Node keeps what it compiled, of the program and, by its environment, of its children. Two bundles share it. */
const key = Symbol.for('coven-doctor:code-cache');
const shared = globalThis as { [key]?: string };

export function shareCodeCache(folder: string): void {
  shared[key] = folder;
}

/** What a child of our own code is given, so that it compiles once, too. */
export function codeCacheEnv(): Readonly<Record<string, string>> {
  const folder = shared[key];
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
