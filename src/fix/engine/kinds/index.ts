import type { ActionKind } from '../../../model/step.ts';
import type { Kind } from '../kind.ts';
import { mode, owner } from './attributes.ts';
import { removeOldBackup } from './backup.ts';
import { restartDaemon, startDaemon } from './daemon.ts';
import { ledgerKinds } from './ledger.ts';
import { continueProcess, endProcess } from './process.ts';
import { quarantine, restitution } from './quarantine.ts';

/** Every kind of step that can be taken. */
const kinds: readonly Kind[] = [
  quarantine,
  restitution,
  mode,
  owner,
  ...ledgerKinds,
  continueProcess,
  endProcess,
  startDaemon,
  restartDaemon,
  removeOldBackup,
];

const byName = new Map(kinds.map((kind) => [kind.kind, kind]));

/** The kind of an action; null for a word of the vocabulary that nothing carries out. */
export const kindOf = (name: ActionKind): Kind | null => byName.get(name) ?? null;
