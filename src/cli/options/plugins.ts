import { checks as ours } from '../../../checks/index.ts';
import { resolveHome } from '../../coven/layout.ts';
import type { Check } from '../../model/check.ts';
import { UsageError } from '../../terminal/usage.ts';

/** The checks of the modules that `--checks` names. The code that runs plug-ins is loaded only if there are any. */
export async function pluginChecksOf(
  modules: readonly string[],
  home: string | undefined,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  if (modules.length === 0) return [];
  const { loadPluginChecks, runnable } = await import('../../plugins/load.ts');
  const homes = homesOf(home);
  const pluginChecks = await usable(() =>
    loadPluginChecks(modules, { cwd: process.cwd(), homes, ours: ours.map(({ id }) => id), signal }),
  );
  return runnable(pluginChecks, homes);
}

/** Our checks, then those of the modules that `--checks` names. */
export async function withPluginChecks(...asked: Parameters<typeof pluginChecksOf>): Promise<readonly Check[]> {
  return [...ours, ...(await pluginChecksOf(...asked))];
}

/** The home of the command line and the one that Coven would use. No code is loaded from either. */
export function homesOf(option: string | undefined): readonly string[] {
  return [resolveHome(option || undefined, process.env).path, resolveHome(undefined, process.env).path];
}

/** A module that cannot be used is a usage error. */
export async function usable<T>(load: () => Promise<T>): Promise<T> {
  const { NotUsable } = await import('../../plugins/find.ts');
  try {
    return await load();
  } catch (error) {
    throw error instanceof NotUsable ? new UsageError(error.message) : error;
  }
}
