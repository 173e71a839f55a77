import { join } from 'node:path';
import { names } from '../coven/layout.ts';
import { readStory } from '../coven/story.ts';
import type { LogStory } from '../observation.ts';
import { look as lookAt, readEnd } from './files.ts';
import { CannotSee } from './host.ts';
import type { Look } from './look.ts';

/** Some 250 starts of Coven; a longer log is read from its end. */
const readLimit = 512 * 1024;

/** The story of the recovery log; of the last rotated one, too, as far as the current one leaves room. */
export async function seeLog({ home }: Look): Promise<LogStory> {
  const path = join(home, names.recoveryLog);
  const current = await end(path, readLimit);
  const room = readLimit - current.length;
  const before = room > 0 ? await end(`${path}.1`, room) : '';
  const sizes = await Promise.all([path, `${path}.1`].map(async (file) => Number((await lookAt(file))?.size ?? 0n)));
  return {
    ...readStory(before + current),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    readBytes: before.length + current.length,
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
