import { harmless } from '../model/harmless.ts';
import type { Judged } from '../run/accepted.ts';

/** Why a finding does not count, or counts again; undefined if it was never accepted. */
export function sayAccepted({ suppressed, known, expired }: Judged): string | undefined {
  if (suppressed) return `suppressed until ${suppressed.expires}${because(suppressed.reason)}`;
  if (known) return 'known: it is in the baseline';
  if (expired) return `its suppression expired on ${expired.expires}${because(expired.reason)}`;
  return undefined;
}

/** A reason that is not shown is in the suppression file. */
const because = (reason: string): string => (reason.startsWith('‹') ? '' : `: ${harmless(reason)}`);
