import type { Check } from '../../model/check.ts';
import { asCheck, askFor, limits, type PluginCheck, threw } from '../load.ts';
import { type ModuleProcess, startModule } from '../module-process.ts';
import type { Subject } from './rules.ts';

/** Milliseconds for a plug-in check in a trial. It only computes. */
const judgeMs = 2000;

/** A plug-in check in two processes that serve all trials: one may write, the other may not. */
export function subjectOf(pluginCheck: PluginCheck, signal: AbortSignal): Subject & { readonly end: () => void } {
  const [free, confined] = [keptProcess(pluginCheck, true, signal), keptProcess(pluginCheck, false, signal)];
  return {
    check: asCheck(pluginCheck, free.judge),
    confined: asCheck(pluginCheck, confined.judge),
    end: () => {
      free.end();
      confined.end();
    },
  };
}

/** A process that is started on its first request, and again after it has ended. */
function keptProcess(
  pluginCheck: PluginCheck,
  free: boolean,
  signal: AbortSignal,
): { judge: Check['judge']; end: () => void } {
  let process: ModuleProcess | undefined;
  return {
    judge: async (seen) => {
      if (!process || process.ended()) {
        process = startModule(pluginCheck.module, [], signal, { free });
        const loaded = await process.loaded(limits.load);
        if ('silent' in loaded || 'error' in loaded) {
          process.end();
          return threw('it does not load any more');
        }
      }
      return askFor(process, pluginCheck, seen, judgeMs);
    },
    end: () => process?.end(),
  };
}
