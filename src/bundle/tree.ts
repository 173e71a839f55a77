import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { patience } from '../deadline.ts';
import { kindOf, look, modeOf } from '../host/files.ts';

const entryLimit = 5000;
const countLimit = 20_000;
const deepest = 8;
const walkMs = 4000;

/** Folders whose entries are counted but not named, because the names are private. */
const closed =
  /^(?:keys|secrets|mobile|memory|memory-migrations|chat-conversations|session-artifacts|familiars|workspaces|skills|research|pending|travel|exports)$|^doctor\/runs\/[^/]+\/./;

interface Entry {
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly links: number;
  readonly modifiedAt: string;
  /** The number of entries of a folder that is not entered. */
  readonly entries?: number;
}

export interface Tree {
  readonly entries: readonly Entry[];
  readonly unreadable: readonly string[];
  readonly complete: boolean;
}

/** Names, modes, owners and sizes of a home; no symlink is followed, no other file system entered, nothing opened. */
export async function seeTree(home: string, signal: AbortSignal): Promise<Tree> {
  const entries: Entry[] = [];
  const unreadable: string[] = [];
  const limit = patience(walkMs, signal);
  const root = await look(home);
  let complete = true;
  const isOver = (): boolean => entries.length >= entryLimit || limit.signal.aborted;

  async function visit(name: string, depth: number): Promise<void> {
    if (isOver()) {
      complete = false;
      return;
    }
    const path = join(home, name);
    const stat = await look(path).catch(() => undefined);
    if (stat === undefined) return void unreadable.push(name);
    if (stat === null) return;
    const isClosed = stat.isDirectory() && closed.test(name);
    entries.push({
      name,
      kind: kindOf(stat),
      mode: `0${modeOf(stat).toString(8)}`,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: Number(stat.size),
      links: Number(stat.nlink),
      modifiedAt: new Date(Number(stat.mtimeMs)).toISOString(),
      ...(isClosed && { entries: (await list(path, name, countLimit)).length }),
    });
    if (!stat.isDirectory() || isClosed || stat.dev !== root?.dev || depth >= deepest) return;
    for (const entry of await list(path, name, entryLimit))
      await visit(name === '.' ? entry : `${name}/${entry}`, depth + 1);
  }
  async function list(path: string, name: string, limit: number): Promise<readonly string[]> {
    const found: string[] = [];
    try {
      for await (const entry of await opendir(path)) {
        if (found.length === limit) {
          complete = false;
          break;
        }
        found.push(entry.name);
      }
    } catch {
      unreadable.push(name);
    }
    return found.sort();
  }

  await visit('.', 0);
  limit.done();
  return { entries, unreadable, complete };
}
