import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { names } from '../../coven/layout.ts';
import { readStory } from '../../coven/story.ts';
import type { Home } from '../../model/observation.ts';
import { isErrno, kindOf, look as lookAt, modeOf, readEnd } from '../files.ts';
import { CannotSee } from '../host.ts';
import type { Look } from '../look.ts';
import { flag, kind, list, maybe, message, number, text, time, type ValueOf } from '../shape.ts';

/** What the recovery log tells, from its end as far as it was read. Times are as in the log. */
export const schema = () =>
  v.object({
    bytes: number,
    readBytes: number,
    /** What is in its place, where the owner of the home cannot use it: no file, or one that its mode closes to its own owner. */
    unusable: v.exactOptional(v.object({ kind, mode: number, uid: number })),
    /** Lines with a time, the last of them, and the bytes of those of the ten minutes before it. */
    lines: number,
    lastAt: maybe(time),
    burstBytes: number,
    /** Starts, oldest first, each with what was written until the next one. */
    starts: list(
      v.object({
        at: time,
        /** It came to serve. */
        completed: flag,
        /** A clean stop was written. Coven writes none: there a daemon that stopped looks like one that was killed. */
        stopped: flag,
        panickedAt: maybe(time),
        /** When it last wrote anything. */
        lastAt: time,
      }),
    ),
    /** The last start: how far it got, and whether it came to serve. */
    last: maybe(v.object({ at: time, phase: maybe(text), completed: flag })),
    panics: number,
    lastPanicAt: maybe(time),
    /** What ended the last start, where the log says it. */
    lastError: maybe(message),
    /** What else it says, by what is said but for numbers and ids, the most frequent first. */
    errors: v.optional(
      list(
        v.object({
          said: message,
          times: number,
          /** Of these, within the ten minutes before the last one. */
          burst: number,
          firstAt: maybe(time),
          lastAt: maybe(time),
          /** It speaks of a failure. */
          failure: flag,
        }),
      ),
      [],
    ),
  });
export type LogStory = ValueOf<typeof schema>;
export type LogStart = LogStory['starts'][number];
export type LogError = LogStory['errors'][number];

/** Some 250 starts of Coven; a longer log is read from its end. */
const readLimit = 512 * 1024;

/** Read here: starting a process takes longer than any such log. It has no loop but that over its lines, and none is long. */
const isShort = (log: string): boolean =>
  log.length <= shortLog && log.split('\n').every((line) => line.length <= shortLine);
const shortLog = 64 * 1024;
const shortLine = 4096;

/** Coven keeps so many rotated logs. Source: its log writer. */
const rotated = ['', '.1', '.2', '.3'];

/** The story of the recovery log; of rotated ones, too, newest first, as far as the newer ones leave room. */
export async function take(seen: Look): Promise<LogStory> {
  const { home, texts } = seen;
  const unusable = await unusableLog(join(home, names.recoveryLog), await seen.observe('home'));
  const files = rotated.map((suffix) => join(home, names.recoveryLog) + suffix);
  let text = '';
  const readable = unusable ? files.slice(1) : files;
  const sizes = await Promise.all(readable.map(async (file) => Number((await lookAt(file))?.size ?? 0n)));
  for (const [index, file] of readable.entries()) {
    const before = await end(file, readLimit - text.length);
    text = before + text;
    // What is older than a cut would be told as if it came just before.
    if (before.length < (sizes[index] ?? 0)) break;
  }
  const story = isShort(text) ? readStory(text) : await texts.story(text);
  const errors: LogError[] = [];
  for (const error of story.errors) errors.push({ ...error, said: await texts.freeText(error.said) });
  return {
    ...story,
    errors,
    lastError: story.lastError && (await texts.freeText(story.lastError)),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    readBytes: text.length,
    ...(unusable && { unusable }),
  };
}

/**
 * Coven opens its log without following links, and goes on without one where it cannot: what the owner of the home cannot read as himself,
 * his daemon cannot use. Null where it can, and where another user asks, who cannot know.
 */
async function unusableLog(path: string, { uid }: Pick<Home, 'uid'>): Promise<LogStory['unusable'] | null> {
  const stat = await lookAt(path).catch(() => null);
  if (!stat) return null;
  const found = { kind: kindOf(stat), mode: modeOf(stat), uid: Number(stat.uid) };
  if (found.kind !== 'file') return found;
  if (uid !== process.geteuid?.()) return null;
  return await access(path, constants.R_OK | constants.W_OK).then(
    () => null,
    (error: unknown) => (isErrno(error, 'EACCES') ? found : null),
  );
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
