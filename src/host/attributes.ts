import { askSystem } from './ask-system.ts';

/** An attribute that refuses a write which mode and owner allow. Source: chattr(1). */
export const attributes = ['immutable', 'append-only'] as const;
export type Attribute = (typeof attributes)[number];

const lsattrMs = 2000;
/** A line is 23 characters longer than the name that it tells of, and a name has 255 bytes at the most. */
const saidLimit = 1024 ** 2;

/**
 * The attributes of entries of a folder, `.` being the folder itself. access(2) tells the immutable attribute and not the
 * append-only one, with which neither a mode can be set nor a file be opened for anything but appending. Empty where
 * the file system has none, null where nobody told, as without lsattr(1). Never rejects.
 */
export async function attributesIn(
  folder: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Attribute> | null> {
  const found = new Map<string, Attribute>();
  if (process.platform !== 'linux') return null;
  // It opens regular files and folders alone, never through a link. Relative names keep the home's own out of its output.
  const { how, said, isWhole } = await askSystem('lsattr', ['-d', '--', ...names.map((name) => `./${name}`)], {
    stream: 'stdout',
    bytes: saidLimit,
    milliseconds: lsattrMs,
    signal,
    cwd: folder,
  });
  const lines = said.split('\n');
  // What it had told by then counts, but for a line that was cut.
  for (const line of isWhole ? lines : lines.slice(0, -1)) {
    const [flags = '', path = ''] = line.split(' ', 2);
    const attribute = flags.includes('i') ? 'immutable' : flags.includes('a') ? 'append-only' : null;
    if (attribute && path.startsWith('./')) found.set(path.slice(2), attribute);
  }
  return (how !== 'not-started' && isWhole) || found.size > 0 ? found : null;
}
