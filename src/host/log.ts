import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { readStory } from '../coven/story.ts';
import type { LogStory } from '../observation.ts';
import { look as lookAt, readEnd } from './files.ts';
import { freeText } from './free-text.ts';
import { CannotSee } from './host.ts';
import type { Look } from './look.ts';

/** Some 250 starts of Coven; a longer log is read from its end. */
const readLimit = 512 * 1024;

/** Coven keeps so many rotated logs. Source: its log writer. */
const rotated = ['', '.1', '.2', '.3'];

/** The story of the recovery log; of rotated ones, too, newest first, as far as the newer ones leave room. */
export async function seeLog(seen: Look): Promise<LogStory> {
  const { home } = seen;
  const files = rotated.map((suffix) => join(home, names.recoveryLog) + suffix);
  let text = '';
  const sizes = await Promise.all(files.map(async (file) => Number((await lookAt(file))?.size ?? 0n)));
  for (const [index, file] of files.entries()) {
    const before = await end(file, readLimit - text.length);
    text = before + text;
    // What is older than a cut would be told as if it came just before.
    if (before.length < (sizes[index] ?? 0)) break;
  }
  const story = readStory(text);
  return {
    ...story,
    lastError: story.lastError && (await freeText(story.lastError, seen)),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    readBytes: text.length,
  };
}

/** Whole lines from the end of a file; empty where there is none. Throws CannotSee for what is no file or may not be read. */
async function end(path: string, limit: number): Promise<string> {
  const reading = await readEnd(path, limit);
  if (reading.state === 'absent') return '';
  if (reading.state === 'unreadable') throw new CannotSee(reading.errno, 'the recovery log may not be read');
  if (reading.state !== 'read') throw new CannotSee(reading.state, 'the recovery log is no regular file');
  const text = reading.bytes.toString('latin1');
  return reading.size > limit ? text.slice(text.indexOf('\n') + 1) : text;
}
