import type { Kind } from '../kind.ts';
import { mode, owner } from './attributes.ts';
import { ledgerKinds } from './ledger.ts';
import { place } from './place.ts';
import { quarantine, restitution } from './quarantine.ts';

/** Steps that move or change files: how far one is, is read from the files alone. */
export const fileKinds: readonly Kind[] = [quarantine, restitution, place, mode, owner, ...ledgerKinds];
