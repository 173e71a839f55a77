import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import * as v from 'valibot';
import { isErrno } from '../../host/files.ts';
import { at, type Folder } from '../../host/folder.ts';
import type { Step } from '../../model/step.ts';
import { action, runId, step } from '../schema.ts';
import { cutAt, makeFile, writeAt } from './durable.ts';
import { type ReasonCode, Refusal } from './refusal.ts';

const text = v.pipe(v.string(), v.maxLength(200));
const reason = v.strictObject({
  code: v.pipe(
    text,
    v.transform((code) => code as ReasonCode),
  ),
  facts: v.record(text, v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
});

/** What a run announces before it acts and says afterwards, in this order. `at` is ISO 8601. */
const record = v.variant('record', [
  v.strictObject({
    record: v.literal('begin'),
    at: text,
    digest: text,
    home: v.strictObject({ dev: text, ino: text }),
    tool: v.strictObject({ name: text, version: text }),
    backup: v.nullable(text),
    /** The run that this one takes back. */
    undoes: v.nullable(runId),
    /** How many steps it has in all; absent in what 0.1.0 wrote. */
    steps: v.optional(v.number()),
  }),
  /** A backup that was made anew, since the first one was outdated by what the run itself did. */
  v.strictObject({ record: v.literal('backup'), at: text, backup: text }),
  /** About to be taken. The step holds the image of before. */
  v.strictObject({ record: v.literal('intent'), at: text, step }),
  /** Taken. The inverse holds the image of after. */
  v.strictObject({ record: v.literal('done'), at: text, step: text, inverse: v.nullable(action) }),
  /** All steps of a fix are taken, and the cause is gone: it is not taken back by a recovery. */
  v.strictObject({ record: v.literal('verified'), at: text, fix: text }),
  v.strictObject({ record: v.literal('undone'), at: text, step: text }),
  v.strictObject({ record: v.literal('rolled-back'), at: text, fix: text, reason }),
  /** Left as it is by a recovery: it was complete, or what changed since forbids to take it back. */
  v.strictObject({ record: v.literal('kept'), at: text, fix: text, reason }),
  v.strictObject({ record: v.literal('commit'), at: text }),
  v.strictObject({ record: v.literal('abort'), at: text, reason }),
]);

export type JournalRecord = v.InferOutput<typeof record>;
type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never;

export interface Journal {
  readonly records: readonly JournalRecord[];
  /** Durable when it returns. */
  readonly write: (record: WithoutTime<JournalRecord>) => void;
  readonly close: () => void;
}

export const journalName = 'journal.jsonl';
const limitBytes = 16 * 1024 ** 2;

/** What a run writes besides its steps: begin, commit, and a reason. */
const roomForRun = 4096;
/** Of one step: intent and done each hold it or its inverse, and some records name it. */
const roomForStep = (step: Step): number => 3 * JSON.stringify(step).length + 2048;

/**
 * Makes the journal of a run, with room on the disk for everything that the run and a recovery of it will write: a
 * rollback needs no free space. The room is spaces, which records take the place of.
 */
export function makeJournal(folder: Folder, steps: readonly Step[]): Journal {
  const fd = makeFile(folder, journalName);
  try {
    const room = steps.reduce((sum, step) => sum + roomForStep(step), roomForRun);
    writeAt(fd, Buffer.alloc(room, ' '), 0);
    return journal(fd, [], 0);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens the journal of an earlier run to go on with it. What a crash tore is blanked first. */
export function openJournal(folder: Folder, run: string): Journal {
  const fd = open(folder, run, constants.O_RDWR);
  try {
    const bytes = readWhole(fd);
    const { records, end } = parseJournal(bytes, run);
    if (bytes.subarray(end).some((byte) => byte !== space)) writeAt(fd, Buffer.alloc(bytes.length - end, ' '), end);
    return journal(fd, records, end);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The records of an earlier run; none where a crash came before the first. Throws a refusal as `openJournal` does. */
export function readJournal(folder: Folder, run: string): readonly JournalRecord[] {
  let fd: number;
  try {
    fd = open(folder, run, constants.O_RDONLY);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  try {
    return parseJournal(readWhole(fd), run).records;
  } finally {
    closeSync(fd);
  }
}

function journal(fd: number, known: readonly JournalRecord[], from: number): Journal {
  const records = [...known];
  let end = from;
  return {
    records,
    write: (what) => {
      const record = { ...what, at: new Date().toISOString() } as JournalRecord;
      const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
      writeAt(fd, bytes, end);
      end += bytes.length;
      records.push(record);
      if (record.record === 'commit' || record.record === 'abort') giveBack(fd, end);
    },
    close: () => closeSync(fd),
  };
}

/** The run is over by then: room that cannot be given back is no failure of it. */
function giveBack(fd: number, end: number): void {
  try {
    cutAt(fd, end);
  } catch {
    return;
  }
}

const space = 0x20;
const newline = 0x0a;

/**
 * The records of a journal, and where they end. A last line that is torn announced nothing that was done, and counts as
 * not written. Throws a refusal for what is not of the vocabulary, and for a line that is damaged with others after it.
 */
export function parseJournal(
  bytes: Buffer,
  run: string,
): { readonly records: readonly JournalRecord[]; readonly end: number } {
  const records: JournalRecord[] = [];
  let end = 0;
  for (let next = bytes.indexOf(newline); next >= 0; next = bytes.indexOf(newline, end)) {
    const value = parseJson(bytes.toString('utf8', end, next));
    if (value === undefined) {
      if (bytes.indexOf(newline, next + 1) >= 0) throw damaged(run, records.length);
      break;
    }
    const parsed = v.safeParse(record, value);
    if (!parsed.success || (parsed.output.record === 'begin') !== (records.length === 0))
      throw damaged(run, records.length);
    records.push(parsed.output as JournalRecord);
    end = next + 1;
  }
  return { records, end };
}

/** Below the home. */
const pathOf = (run: string): string => `doctor/runs/${run}/${journalName}`;

const damaged = (run: string, records: number): Refusal =>
  new Refusal('journal-damaged', { run, path: pathOf(run), line: records + 1 });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function open(folder: Folder, run: string, flags: number): number {
  let fd: number;
  try {
    fd = openSync(at(folder, journalName), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ELOOP') || isErrno(error, 'ENXIO') || isErrno(error, 'EISDIR'))
      throw new Refusal('not-private', { path: pathOf(run), why: 'kind' });
    throw error;
  }
  const stat = fstatSync(fd);
  const why =
    (!stat.isFile() && 'kind') ||
    (stat.uid !== process.geteuid?.() && 'owner') ||
    ((stat.mode & 0o7777) !== 0o600 && 'mode') ||
    (stat.nlink !== 1 && 'links') ||
    (stat.size > limitBytes && 'size');
  if (!why) return fd;
  closeSync(fd);
  throw new Refusal('not-private', { path: pathOf(run), why });
}

function readWhole(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read)
    read = readSync(fd, bytes, length, bytes.length - length, length);
  return bytes.subarray(0, length);
}
