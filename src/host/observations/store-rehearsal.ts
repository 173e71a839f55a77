import * as v from 'valibot';
import { serveLockHolders } from '../../coven/serve-lock.ts';
import { within } from '../../deadline.ts';
import type { LogStory } from '../../model/observation.ts';
import { isErrno } from '../files.ts';
import { placeOfLedger } from '../ledger-place.ts';
import type { Look } from '../look.ts';
import { notRun, type RehearsalOptions, rehearse } from '../rehearse.ts';
import { flag, identifier, maybe, number, oneOf, text, type ValueOf } from '../shape.ts';
import { isBad, readStore } from '../store.ts';

/** What the real Coven said of a private copy of the ledger. */
export const schema = () =>
  v.object({
    /**
     * `opened`: it opened the copy. `refused`: it ended with an error. `crashed`: a signal or a panic ended it. `overran`:
     * it did not end in time. `not-run`: `reason` says why it was not asked.
     */
    outcome: oneOf(['opened', 'refused', 'crashed', 'overran', 'not-run']),
    reason: maybe(
      oneOf([
        'no-ledger',
        'ledger-not-opened',
        'no-coven',
        'not-trusted',
        'does-not-run',
        'mute',
        'not-understood',
        'daemon-answers',
        'other-user',
        'too-large',
        'no-room',
        'moving',
      ]),
    ),
    /** Of the Coven that was run. */
    version: maybe(text),
    /** Its own words where it refused, without secrets; or the signal or exit code that ended it. */
    said: maybe(text),
    /** Why no session and event can be written to the copy that it opened; null where they can, or that was not tried. */
    unwritable: maybe(text),
    /** Whether writing to the copy was tried to the end; not known of older bundles. */
    written: v.optional(maybe(flag), null),
    /** A trigger or index that Coven did not make, and without which they can be written. Its name is its maker's own. */
    inTheWay: v.exactOptional(v.object({ kind: oneOf(['trigger', 'index']), rowid: number, table: identifier })),
    /** The ledger holds events, and the full-text index that Coven made or found in the copy holds none. */
    searchEmpty: flag,
    /** No network was there for it. */
    isolated: flag,
  });
export type StoreRehearsal = ValueOf<typeof schema>;

const mebibyte = 1024 ** 2;
/** Copied without being asked: it takes some milliseconds, and an operator waits for them. */
const smallBytes = 32 * mebibyte;
/** Copied where something asks for it. */
const askedBytes = 1024 * mebibyte;
/** Kept back from the run's deadline, so that what was killed can still be told. */
const reserveMs = 500;

/**
 * What the real Coven says of a private copy of the ledger. Only where that tells something: a daemon that answers has
 * opened the original. Where a start ended half way, or the run was asked for it, larger ledgers are copied, too.
 */
export async function take(look: Look): Promise<StoreRehearsal> {
  const { home, env, deep, startsNext, observe, signal } = look;
  const [files, machine, { uid }] = await Promise.all([observe('store.files'), observe('machine'), observe('home')]);
  if (files.main.kind !== 'file' || !files.main.readable || files.main.size === 0) return notRun('no-ledger');
  // What root would run here has been another user's to write.
  if (uid !== machine.uid) return notRun('other-user');
  const { covens, broken } = await observe('install');
  const coven = covens.find(({ ours }) => !ours);
  if (!coven) return notRun('no-coven');
  const wanted = deep || startsNext;
  if (!wanted && (await isServed(look)) && !(await hasFailedWriter(look))) return notRun('daemon-answers');
  const size = files.main.size + files.wal.size;
  const log = wanted || size <= smallBytes ? null : await observe('daemon.log').catch(() => null);
  const copyLimit = wanted || endedHalfWay(log) ? askedBytes : smallBytes;
  const milliseconds = look.checksLeft() - reserveMs;
  // The reader has SQLite loaded. It is left alone with a damaged ledger and with one that it may read for minutes.
  const tryWriting: NonNullable<RehearsalOptions['tryWriting']> = async (request, milliseconds) => {
    const start = performance.now();
    const reading = deep
      ? null
      : await within(
          look.once(readStore).catch(() => null),
          milliseconds,
          signal,
          () => null,
        );
    if (!reading || isBad(reading)) return null;
    return reading.tryWriting(request, milliseconds - (performance.now() - start));
  };
  try {
    const told = await rehearse((await placeOfLedger(home)).main, {
      program: coven.path,
      env,
      milliseconds,
      signal,
      copyLimit,
      tryWriting,
    });
    // Why that one does not run is known by its files.
    return told.reason === 'mute' && broken.some(({ path }) => path === coven.path) ? notRun('does-not-run') : told;
  } catch (error) {
    // A full disk, a quota or a limit on the size of files says nothing of the ledger.
    if (['ENOSPC', 'EDQUOT', 'EFBIG'].some((code) => isErrno(error, code))) return notRun('no-room');
    throw error;
  }
}

/** What keeps it from writing may stand in the ledger, and would keep the next one from writing, too. */
async function hasFailedWriter({ observe }: Look): Promise<boolean> {
  const health = await observe('daemon.health').catch(() => null);
  return health?.body?.writerState === 'failed';
}

async function isServed({ observe }: Look): Promise<boolean> {
  const [locks, health, processes] = await Promise.all([
    observe('home.locks'),
    observe('daemon.health').catch(() => null),
    observe('processes').catch(() => null),
  ]);
  return serveLockHolders(locks, processes?.list ?? []).daemons.length > 0 || health?.outcome === 'answered';
}

const endedHalfWay = (log: LogStory | null): boolean => log?.last?.completed === false;
