import { namedInSchemas } from '../host/schemas.ts';
import type { TextKind } from '../host/shape.ts';

/** Fields outside the observations: of ledgers, answers, the machine and our own documents. */
const others: Readonly<Partial<Record<TextKind, string>>> = {
  id: 'session session_id conversation_id familiar_id hubId runSessions daemonSessions ends',
  time: 'oldestRetainedEventAt lastCheckpointAt created_at updated_at archived_at missingFrom missingUntil',
  name: 'folder',
  path: 'projects leftAt lock',
  sql: 'sql',
  platform: 'distro codename kernel release brand cpu virtualization',
  title: 'title labels',
  payload: 'payload',
  message: 'message lastMaintenanceError reason',
};

const kinds = new Map<string, TextKind>([
  ...namedInSchemas().flatMap(({ word, kind }): [string, TextKind][] =>
    kind === null || kind === 'text' ? [] : [[word, kind]],
  ),
  ...Object.entries(others).flatMap(([kind, keys]) =>
    keys.split(' ').map((key): [string, TextKind] => [key, kind as TextKind]),
  ),
]);

/** The kind of text under a key; null if the key does not say. */
export const kindOf = (key: string): TextKind | null => kinds.get(key) ?? null;
