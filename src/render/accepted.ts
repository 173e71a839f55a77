import type { Judged } from '../accepted.ts';
import { harmless } from '../model/harmless.ts';

/** Why a finding does not count, or counts again; undefined where nothing was said about it beforehand. */
export function sayAccepted({ suppressed, known, expired }: Judged): string | undefined {
  if (suppressed) return `suppressed until ${suppressed.expires}: ${harmless(suppressed.reason)}`;
  if (known) return 'known: it is in the baseline';
  if (expired) return `its suppression expired on ${expired.expires}: ${harmless(expired.reason)}`;
  return undefined;
}
