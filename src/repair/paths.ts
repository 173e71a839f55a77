import { ledgerParts, names } from '../coven/layout.ts';
import type { Action } from '../model/step.ts';

/** Names below the home that an action changes. */
export function pathsOf(action: Action): readonly string[] {
  if (action.kind === 'swap-ledger' && action.path !== undefined)
    return ['', '-wal', '-shm', '-journal'].map((part) => action.path + part);
  if ('ledger' in action) return [names.ledger, ...ledgerParts];
  return 'path' in action ? [action.path] : [];
}
