import { checks as ours } from '../../checks/index.ts';
import { type Tried, tryCheck } from '../plugins/kit/rules.ts';
import { stageHomes } from '../plugins/kit/staged-home.ts';
import { subjectOf } from '../plugins/kit/subject.ts';
import { loadPluginChecks } from '../plugins/load.ts';
import { renderKit } from '../render/kit.ts';
import { print } from '../terminal/print.ts';
import { homesOf, usable } from './options/plugins.ts';

/** `check-kit MODULE`: runs every check of a module on hostile homes. Exits with 1 if one cannot be relied on. */
export async function checkKit(module: string, signal: AbortSignal): Promise<number> {
  const loading = { cwd: process.cwd(), homes: homesOf(undefined), ours: ours.map(({ id }) => id), signal };
  const pluginChecks = await usable(() => loadPluginChecks([module], loading));
  await using stage = await stageHomes(signal);
  const all: Tried[] = [];
  for (const pluginCheck of pluginChecks) {
    const subject = subjectOf(pluginCheck, signal);
    try {
      all.push(await tryCheck(subject, stage, signal));
    } finally {
      subject.end();
    }
  }
  await print(renderKit(all, stage));
  return all.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
}
