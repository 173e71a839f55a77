import { checks } from '../../checks/index.ts';
import { compareRuns } from '../bundle/compare.ts';
import { renderDiff, renderDiffJson } from '../render/diff.ts';
import { print } from '../terminal/print.ts';
import { judgeBundle } from './analyze.ts';

/** `coven-doctor diff`: what changed between two bundles. Exits with 1 if the findings differ, else 0. */
export async function diff(before: string, after: string, json: boolean, signal: AbortSignal): Promise<number> {
  const [old, now] = [await judgeBundle(before, checks, signal), await judgeBundle(after, checks, signal)];
  const compared = compareRuns(old, now);
  await print(json ? renderDiffJson(compared) : renderDiff(compared));
  return compared.appeared.length + compared.wentAway.length + compared.changed.length > 0 ? 1 : 0;
}
