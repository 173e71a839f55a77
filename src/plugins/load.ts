import { type Check, type Finding, unknown } from '../model/check.ts';
import { type Described, examineCheck, examineFindings, examineSkip } from './examine.ts';
import { findModule, type Module, NotUsable } from './find.ts';
import { type ModuleProcess, type Silence, startModule } from './module-process.ts';
import { type Place, placesOf } from './trust.ts';

/** A plug-in check and its module. */
export interface PluginCheck {
  readonly module: Module;
  readonly described: Described;
}

/** Milliseconds to load a module and to judge. Its observations have been made before. */
export const limits = { load: 5000, judge: 5000 };

export interface Loading {
  /** Folder that relative paths and packages are found from. */
  readonly cwd: string;
  /** Paths of Coven homes, from which nothing is loaded. */
  readonly homes: readonly string[];
  /** Ids of our checks. A plug-in cannot use their areas. */
  readonly ours: readonly string[];
  readonly signal: AbortSignal;
}

/** The checks that modules export, in the order given. Rejects with NotUsable at the first that may not or cannot be used. */
export async function loadPluginChecks(
  given: readonly string[],
  { cwd, homes, ours, signal }: Loading,
): Promise<readonly PluginCheck[]> {
  const places = await placesOf(homes);
  const areas = new Set(ours.map((id) => id.split(':', 1)[0] ?? id));
  const pluginChecks: PluginCheck[] = [];
  for (const name of new Set(given)) {
    const module = await findModule(name, cwd, places);
    for (const described of await describe(name, module, places, areas, signal)) {
      const same = pluginChecks.find((pluginCheck) => pluginCheck.described.id === described.id);
      if (same) throw new NotUsable(`--checks ${name}: ${described.id} is already a check of ${same.module.name}`);
      pluginChecks.push({ module, described });
    }
  }
  return pluginChecks;
}

async function describe(
  name: string,
  module: Module,
  places: readonly Place[],
  areas: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly Described[]> {
  const process = startModule(module, places, signal);
  try {
    const loaded = await process.loaded(limits.load);
    if ('silent' in loaded) throw new NotUsable(`--checks ${name} does not load: ${howSilent(loaded, limits.load)}`);
    if ('error' in loaded) throw new NotUsable(`--checks ${name} does not load: ${loaded.error}`);
    const exports = Array.isArray(loaded.exports) ? loaded.exports : [];
    if (exports.length === 0) throw new NotUsable(`--checks ${name} exports no check`);
    return exports.map((exported) => {
      const examined = examineCheck(exported?.check, areas);
      if ('good' in examined) return examined.good;
      throw new NotUsable(`--checks ${name}: its export ${exported?.name} is no check: ${examined.fault}`);
    });
  } finally {
    process.end();
  }
}

/** Checks of plug-ins, each judged in a process of its own that ends with its answer. */
export async function runnable(
  pluginChecks: readonly PluginCheck[],
  homes: readonly string[],
): Promise<readonly Check[]> {
  const places = await placesOf(homes);
  return pluginChecks.map((pluginCheck) =>
    asCheck(pluginCheck, async (seen, signal) => {
      const process = startModule(pluginCheck.module, places, signal);
      try {
        return await judgeIn(process, pluginCheck, seen);
      } finally {
        process.end();
      }
    }),
  );
}

export function asCheck({ module, described }: PluginCheck, judge: Check['judge']): Check {
  const { id, needs, title, explain, causes } = described;
  return { id, category: 'custom', module: module.name, title, explain, causes, needs, judge };
}

/** The findings of a check in a new `process`. A timeout or a malformed answer is `unknown`, with the reason. */
async function judgeIn(process: ModuleProcess, pluginCheck: PluginCheck, seen: unknown): Promise<readonly Finding[]> {
  const loaded = await process.loaded(limits.load);
  if ('silent' in loaded) return silence(loaded, limits.load);
  if ('error' in loaded) return threw(`it does not load any more: ${loaded.error}`);
  return askFor(process, pluginCheck, seen, limits.judge);
}

/** The same in a `process` that has loaded its module. */
export async function askFor(
  process: ModuleProcess,
  { described }: PluginCheck,
  seen: unknown,
  ms: number,
): Promise<readonly Finding[]> {
  const answer = await process.ask({ id: described.id, seen }, ms);
  if ('silent' in answer) return silence(answer, ms);
  if ('error' in answer) return threw(String(answer.error));
  const examined = 'skip' in answer ? examineSkip(answer.skip, described) : examineFindings(answer.findings, described);
  return 'good' in examined ? examined.good : threw(examined.fault);
}

const howSilent = (silence: Silence, ms: number): string =>
  silence.silent === 'overran' ? `no answer within ${ms} ms` : silence.how;

function silence(silent: Silence, ms: number): readonly Finding[] {
  if (silent.silent === 'ended') return threw(silent.how);
  return [unknown('overran', '<coven-home>', { facts: { ms }, evidence: [] })];
}

export const threw = (message: string): readonly Finding[] => [
  unknown('threw', '<coven-home>', { facts: { message: message.slice(0, 500) }, evidence: [] }),
];
