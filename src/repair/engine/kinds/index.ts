import type { ActionKind } from '../../../model/step.ts';
import type { Kind } from '../kind.ts';
import { removeOldBackup } from './backup.ts';
import { restartDaemon, startDaemon } from './daemon.ts';
import { fileKinds } from './files.ts';
import { continueProcess, endProcess } from './process.ts';

/** Every kind of step that can be taken. */
const kinds: readonly Kind[] = [...fileKinds, continueProcess, endProcess, startDaemon, restartDaemon, removeOldBackup];

const byName = new Map(kinds.map((kind) => [kind.kind, kind]));

/** The kind of an action; null for a word of the vocabulary that nothing carries out. */
export const kindOf = (name: ActionKind): Kind | null => byName.get(name) ?? null;
