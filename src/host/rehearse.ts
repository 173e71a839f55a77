import { constants, copyFileSync, statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { names } from '../coven/layout.ts';
import type { StoreRehearsal } from '../model/observation.ts';
import { askJob } from '../store/ask.ts';
import type { TrialAnswer } from '../store/protocol.ts';
import { askCoven, type Ended, withoutNetwork } from './ask-coven.ts';
import { commandOf } from './coven-program.ts';
import { look as lookAt } from './files.ts';
import { CannotSee } from './host.ts';
import { makeScratch } from './scratch.ts';
import { makeTexts, type Texts } from './texts.ts';

export interface RehearsalOptions {
  /** Absolute path of the `coven` to run. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly milliseconds: number;
  readonly signal: AbortSignal;
  /** Bytes of ledger and WAL that may be copied where the file system cannot clone them. */
  readonly copyLimit: number;
  /** Has a process that is there already write to the copy; null where none is, or it may not end. */
  readonly tryWriting?: (copy: string, milliseconds: number) => Promise<TrialAnswer | null>;
}

/** Attempts to copy a ledger and its WAL while neither moves. */
const attempts = 3;
/** What is left on the file system, so that a copy never makes a daemon call its storage critical. Source: safety 21. */
const spareBytes = 1024 ** 3;
/** Copied into memory, where nothing that Coven writes waits for a disk. */
const smallBytes = 4 * 1024 ** 2;

/**
 * Lets the real Coven open a private copy of a ledger, and tries to write to what it opened. The original is read and
 * never opened through SQLite; the copy is a clone or holds its own bytes, never a second name of the same file.
 *
 * What is run can reach nothing else: it has a home and a HOME of its own with no daemon, socket, lock or configuration
 * in them, a PATH without any program, no descriptor and no variable of ours, and no network where the system lets us take
 * it away. `sessions --json` is the command that opens the ledger as a start does and then only lists rows: it starts no
 * scheduler, launches nothing and opens no folder of a project. Source: its system calls, as test/rehearsal.test.ts holds.
 */
export async function rehearse(ledger: string, options: RehearsalOptions): Promise<StoreRehearsal> {
  const end = performance.now() + options.milliseconds;
  const left = (): number => end - performance.now();
  const before = await partsOf(ledger);
  if (!before[0]) return notRun('no-ledger');
  const bytes = sizeOf(before);
  const scratch = makeScratch(dirname(ledger), String(before[0].dev), bytes <= smallBytes ? roomFor(bytes) : 'never');
  const texts = makeTexts({ env: options.env, timeLeft: left, signal: options.signal });
  try {
    const home = join(scratch.path, 'home');
    for (const folder of ['home', 'user', 'bin']) await mkdir(join(scratch.path, folder), { mode: 0o700 });
    const refused = await copyParts(ledger, join(home, names.ledger), options.copyLimit);
    if (refused) return notRun(refused);
    const command = commandOf(options.program);
    if (command === null) return notRun('not-trusted');
    for (const prefix of [...withoutNetwork(), []]) {
      const told = await askCoven(command, 'sessions --json', prefix, scratch.path, left(), options.signal);
      if (told.how === 'late')
        throw new CannotSee('overran', 'the time allowed ended before a copy of the ledger was opened');
      if (told.version === 'overran') return notRun('does-not-run');
      if (told.mute) return notRun('mute');
      if (told.version === null) continue;
      const judged = {
        ...(await judge(told, scratch.path, texts)),
        version: told.version,
        isolated: prefix.length > 0,
      };
      if (judged.outcome !== 'opened') return judged;
      const copy = join(home, names.ledger);
      const answer = (await options.tryWriting?.(copy, left())) ?? (await tryWritingAlone(copy, left, options.signal));
      return { ...judged, written: answer !== null, ...(answer && (await toldOf(answer, texts))) };
    }
    return notRun('does-not-run');
  } finally {
    await texts.end();
    scratch.remove();
  }
}

export const notRun = (reason: StoreRehearsal['reason']): StoreRehearsal => ({
  outcome: 'not-run',
  reason,
  version: null,
  said: null,
  unwritable: null,
  written: null,
  searchEmpty: false,
  isolated: false,
});

const suffixes = ['', '-wal', '-journal'];

const partsOf = (ledger: string) => Promise.all(suffixes.map((suffix) => lookAt(ledger + suffix)));

/** Copies a ledger, its WAL and its journal as they are at one moment; or says why they cannot be. */
async function copyParts(from: string, to: string, limit: number): Promise<StoreRehearsal['reason']> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const before = await partsOf(from);
    const size = sizeOf(before);
    if (before.some((part) => part && !part.isFile())) return 'ledger-not-opened';
    const { bavail, bsize } = statfsSync(dirname(to));
    if (bavail * bsize < roomFor(size)) return 'no-room';
    for (const [index, part] of before.entries()) {
      const name = suffixes[index] ?? '';
      if (part && !copy(from + name, to + name, size <= limit)) return 'too-large';
    }
    const after = await partsOf(from);
    const moved = before.some((part, index) => printOf(part) !== printOf(after[index] ?? null));
    if (!moved) return null;
  }
  return 'moving';
}

const sizeOf = (parts: Awaited<ReturnType<typeof partsOf>>): number =>
  parts.reduce((sum, part) => sum + Number(part?.size ?? 0n), 0);

/** Coven writes to the copy, and a checkpoint writes all of its WAL once more. */
const roomFor = (bytes: number): number => 2 * bytes + spareBytes;

const printOf = (part: Awaited<ReturnType<typeof lookAt>>): string =>
  part ? `${part.dev}:${part.ino}:${part.size}:${part.mtimeNs}` : '-';

function copy(from: string, to: string, mayCopy: boolean): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
  } catch {
    if (!mayCopy) return false;
    copyFileSync(from, to);
  }
  return true;
}

/** Exit codes of a usage error and of a panic. Source: Coven 0.4.6 (clap, Rust). */
const [usage, panicked] = [2, 101];

async function judge({ how, stderr }: Ended, scratch: string, texts: Texts): Promise<StoreRehearsal> {
  if (how === 0) return { ...notRun(null), outcome: 'opened' };
  if (how === 'overran') return { ...notRun(null), outcome: 'overran' };
  if (how === usage) return notRun('not-understood');
  if (how === 'not-started') return notRun('does-not-run');
  // The room is ours, not the ledger's.
  if (how === 'SIGXFSZ' || /disk is full|No space left|File too large/.test(stderr)) return notRun('no-room');
  if (typeof how === 'string' || how === panicked) return { ...notRun(null), outcome: 'crashed', said: String(how) };
  const text = stderr.replaceAll(join(scratch, 'home'), '<coven-home>').replace(/^Error: /, '');
  const reasons = text
    .split('\n')
    .map((line) => line.trim().replace(/^\d+: /, ''))
    .filter((line) => line !== '' && line !== 'Caused by:');
  const said = await texts.freeText(reasons.slice(0, 6).join(': '));
  return { ...notRun(null), outcome: 'refused', said: said || `exit code ${how}` };
}

/** Writes a session and an event to the copy as Coven would, and takes them back, in a process of its own. */
async function tryWritingAlone(copy: string, timeLeft: () => number, signal: AbortSignal): Promise<TrialAnswer | null> {
  const outcome = await askJob('try-writing', { copy }, signal, { timeLeft }).catch(() => null);
  return outcome && 'answer' in outcome ? outcome.answer : null;
}

const toldOf = async (
  { problem, searchEmpty, inTheWay }: TrialAnswer,
  texts: Texts,
): Promise<Pick<StoreRehearsal, 'unwritable' | 'inTheWay' | 'searchEmpty'>> => ({
  unwritable: problem && (await texts.freeText(problem)),
  searchEmpty,
  ...(inTheWay && { inTheWay }),
});
