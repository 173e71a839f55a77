/**
 * What a text in a field of ours is. `text` is any: a word, a path, a message. The others say what a check rests on, or
 * from which list the text must come.
 */
export type Kind =
  | 'text'
  | 'id'
  | 'decimal'
  | 'time'
  | 'name'
  | 'identifier'
  | 'sql'
  | 'platform'
  | 'title'
  | 'message';

const of: Readonly<Record<Exclude<Kind, 'text'>, string>> = {
  id: 'id session sessionId session_id conversation_id familiar_id bootId hubId',
  // From the kernel: no user chooses them.
  decimal: 'dev ino startTicks mtimeNs pidNamespace',
  time: 'day now modifiedAt startedAt managedStartedAt createdAt updatedAt lastAt panickedAt lastPanicAt lastPruneAt oldestEventAt oldestRetainedEventAt lastCheckpointAt created_at updated_at archived_at',
  name: 'name unreadable notOurs folder',
  identifier: 'table tables columns',
  sql: 'sql',
  platform: 'distro codename kernel release brand cpu virtualization',
  title: 'title labels',
  message: 'message lastError storageError lastMaintenanceError errorCode problem problems indexProblems reason',
};

const kinds = new Map(
  Object.entries(of).flatMap(([kind, keys]) => keys.split(' ').map((key): [string, Kind] => [key, kind as Kind])),
);

/** The kind of the texts under a key; null where the key says nothing of it. */
export const kindOf = (key: string): Kind | null => kinds.get(key) ?? null;
