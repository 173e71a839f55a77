import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { deadline } from '../deadline.ts';
import { systemEnv, systemProgram } from '../programs.ts';

/** An attribute that refuses a write which mode and owner allow. Source: chattr(1). */
export const attributes = ['immutable', 'append-only'] as const;
export type Attribute = (typeof attributes)[number];

const lsattrMs = 2000;

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
  const limit = deadline(lsattrMs, signal);
  try {
    // It opens regular files and folders alone, never through a link. Relative names keep the home's own out of its output.
    const child = spawn(systemProgram('lsattr'), ['-d', '--', ...names.map((name) => `./${name}`)], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: systemEnv,
      cwd: folder,
    });
    let wasStarted = true;
    child.on('error', () => {
      wasStarted = false;
    });
    // Not by the option `signal`: one that could not be started has no number, and Node would signal whatever is in its place.
    limit.signal.addEventListener('abort', () => void (child.pid !== undefined && child.kill('SIGKILL')));
    if (child.stdout === null) return null;
    for (const line of (await text(child.stdout)).split('\n')) {
      const [flags = '', path = ''] = line.split(' ', 2);
      const attribute = flags.includes('i') ? 'immutable' : flags.includes('a') ? 'append-only' : null;
      if (attribute && path.startsWith('./')) found.set(path.slice(2), attribute);
    }
    if (wasStarted && !limit.signal.aborted) return found;
  } catch {
    // What it had told by then counts.
  } finally {
    limit.done();
  }
  return found.size > 0 ? found : null;
}
