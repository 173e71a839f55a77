import { resolve } from 'node:path';
import { type Fault, faults, limitedBy, mounted, pathOf, whyNot } from '../../fixtures/faults/index.ts';
import { Unsafe } from '../host/outside.ts';
import { renderFaults, renderRefusal, renderSimulated } from '../render/simulate.ts';
import { didYouMean } from '../terminal/suggest.ts';
import { UsageError } from '../terminal/usage.ts';
import { makePlace, type Place } from '../training/place.ts';

/** As in every refusal for safety. */
const refusedCode = 5;

/** `simulate` without a fault: names them all. */
export function listFaults(): number {
  process.stdout.write(renderFaults(faults.map((fault) => ({ ...fault, whyNot: whyNot(fault) }))));
  return 0;
}

/**
 * `simulate FAULT --home PATH`: makes a home with that fault and tells what to look at; the exit code. A fault of
 * processes stands until a signal, and everything that it started is ended then.
 */
export async function simulate(name: string, path: unknown, signal: AbortSignal): Promise<number> {
  const fault = faults.find((fault) => fault.name === name);
  if (!fault) {
    const near = didYouMean(
      name,
      faults.map((fault) => fault.name),
    );
    throw new UsageError(`unknown fault ${JSON.stringify(name)}${near || '; `coven-doctor simulate` lists them all'}`);
  }
  if (typeof path !== 'string' || path.trim() === '')
    throw new UsageError('--home names the one path to make it at, where nothing is yet');
  const why = whyNot(fault);
  if (why !== null) return refuse(`${name} cannot be made here: ${why}`);
  // The modes of a fault are its own, whatever the user's umask is.
  process.umask(0o022);
  const place = await makePlace(resolve(path), fault.under?.folder ?? null, signal).catch((error) => {
    throw error instanceof Unsafe ? new UsageError(`--home ${error.message}`) : error;
  });
  if ('refused' in place) return refuse(place.refused);
  const ends: (() => Promise<void> | void)[] = [];
  try {
    try {
      await fault.stage({ home: place.home, beside: place.beside, onEnd: (end) => ends.push(end) });
    } finally {
      await place.note(fault.live ? process.pid : null);
    }
    process.stdout.write(renderSimulated(lookAt(fault, place)));
    if (fault.live) await untilEnded(signal);
  } finally {
    for (const end of ends.reverse()) await end();
  }
  signal.throwIfAborted();
  return 0;
}

function refuse(reason: string): number {
  process.stderr.write(renderRefusal(reason));
  return refusedCode;
}

/** What must be run to see the fault, and what should be seen. */
function lookAt({ name, what, live, expect, under = {} }: Fault, { home, beside }: Place) {
  const { uid, mount } = under;
  return {
    name,
    what,
    live: live ?? false,
    expect,
    path: pathOf({ under }, beside),
    command: [
      ...mounted(mount, home, beside),
      ...limitedBy(under),
      ...(uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']),
      'coven-doctor',
      '--home',
      home,
    ],
  };
}

/** Resolves with a signal that ends this program, that of a terminal that goes away included. */
function untilEnded(signal: AbortSignal): Promise<void> {
  // Nothing else keeps this process while it waits.
  const wait = setInterval(() => undefined, 60_000);
  return new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    process.once('SIGHUP', () => resolve());
  }).finally(() => clearInterval(wait));
}
