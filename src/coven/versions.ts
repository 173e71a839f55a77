import { compareVersions, validateStrict } from 'compare-versions';

/** Whether a text is a version as npm takes it: `0.4.7`, `1.0.0-rc.1`. */
export const isVersion = (text: string): boolean => text.length <= 100 && validateStrict(text);

/** Below 0 where `a` is the older one, above 0 where it is the newer; null where one of them is not known, or is none. */
export function compareKnown(a: string | null, b: string | null): number | null {
  return a !== null && b !== null && isVersion(a) && isVersion(b) ? compareVersions(a, b) : null;
}
