import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { look, readEnd, readStart } from '../host/files.ts';
import { lastNames } from '../host/names.ts';
import { parseJson } from '../json.ts';
import type { Cut, Gathered, LeftOut, Part } from './part.ts';

const mebibyte = 1024 ** 2;
/** Bytes read and kept of each recovery log. The text is redacted first and truncated afterwards. */
const logs = [
  { suffix: '', read: 1.5 * mebibyte, keep: mebibyte },
  ...['.1', '.2', '.3'].map((suffix) => ({ suffix, read: mebibyte / 2, keep: mebibyte / 4 })),
];

/** The ends of the recovery log and of the rotated ones. */
export async function gatherLogs(home: string): Promise<Gathered> {
  const parts: Part[] = [];
  const cut: Cut[] = [];
  const leftOut: LeftOut[] = [];
  for (const { suffix, read, keep } of logs) {
    const file = `${names.recoveryLog}${suffix}`;
    const name = `log/${file}`;
    const reading = await readEnd(join(home, file), read);
    if (reading.state === 'absent') continue;
    if (reading.state !== 'read') {
      leftOut.push({ name, why: reading.state === 'unreadable' ? reading.errno : 'it is no regular file' });
      continue;
    }
    const start = reading.size > reading.bytes.length;
    parts.push({ name, text: reading.bytes, cuts: { start }, keep });
    if (reading.size > keep)
      cut.push({
        name,
        what: `the last ${keep} of ${reading.size} bytes at the most`,
        why: 'the end tells what happened',
      });
  }
  return { parts, cut, leftOut };
}

const runLimit = 50;
const journalLimit = mebibyte;

/** The journals of past repairs, line by line, without the hashes of file contents in them. */
export async function gatherRuns(home: string): Promise<Gathered> {
  const folder = join(home, 'doctor', 'runs');
  const isOwn = (await isFolder(join(home, 'doctor'))) && (await isFolder(folder));
  const isRun = (id: string): boolean => /^\d{8}T\d{6}Z-[0-9a-f]{6}$/.test(id);
  const found = isOwn ? await lastNames(folder, runLimit, isRun) : { names: [], count: 0, complete: true };
  const parts: Part[] = [];
  const cut: Cut[] = [];
  const leftOut: LeftOut[] = [];
  for (const id of found.names.toReversed()) {
    const name = `runs/${id}.json`;
    if (!(await isFolder(join(folder, id)))) {
      leftOut.push({ name, why: 'it is no folder' });
      continue;
    }
    const reading = await readStart(join(folder, id, 'journal.jsonl'), journalLimit);
    if (reading.state === 'absent') continue;
    if (reading.state !== 'read') {
      leftOut.push({ name, why: reading.state === 'unreadable' ? reading.errno : 'it is no regular file' });
      continue;
    }
    if (reading.size > journalLimit)
      cut.push({ name, what: `the first ${journalLimit} of ${reading.size} bytes`, why: 'longer than any journal is' });
    parts.push({ name, json: reading.bytes.toString('utf8').split('\n').flatMap(recordOf) });
  }
  if (!found.complete)
    cut.push({
      name: 'runs/',
      what: `${found.names.length} of at least ${found.count} runs`,
      why: 'there are too many',
    });
  else if (found.count > runLimit)
    cut.push({ name: 'runs/', what: `the newest ${runLimit} of ${found.count} runs`, why: 'older ones are history' });
  return { parts, cut, leftOut };
}

/** Skips symlinks, which can lead anywhere. */
const isFolder = async (path: string): Promise<boolean> => (await look(path))?.isDirectory() === true;

/** One line of a journal. A torn line, and the reserved space after the last line, give null. */
function recordOf(line: string): readonly unknown[] {
  try {
    return [parseJson(line, (key, value) => (/sha256|digest/i.test(key) ? undefined : value))];
  } catch {
    return [];
  }
}
