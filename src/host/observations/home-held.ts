import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { names } from '../../coven/layout.ts';
import { serveLockHolders } from '../../coven/serve-lock.ts';
import type { Entry, LockHolder } from '../../model/observation.ts';
import type { Look } from '../look.ts';
import { list, maybe, name, number, text, type ValueOf } from '../shape.ts';
import { flockHolders } from './home-locks.ts';

export const schema = () =>
  v.object({
    /** Locks that one holder kept exclusively at every look, and which a start of Coven waits for or fails on. */
    held: list(
      v.object({
        name,
        /** 0 for a process that cannot be seen from here. */
        pid: number,
        /** Name of its program, as the kernel has it. */
        command: maybe(text),
        /** For how long that was watched. */
        watchedMs: number,
      }),
    ),
  });
export type Held = ValueOf<typeof schema>;

/** Longer than any command of Coven keeps one: a start has five seconds. */
const looks = { count: 30, pauseMs: 200 };

/**
 * Locks that somebody holds without end. A daemon holds its own two, and a command others for a moment: what could be a
 * fault is watched. Where nothing could, this costs nothing.
 */
export async function take({ observe, signal, timeLeft }: Look): Promise<Held> {
  const [locks, { list }] = await Promise.all([observe('home.locks'), observe('home.entries')]);
  const { files } = locks;
  const isServed = files.some(({ name, holders }) => name === names.serveLock && holders.length > 0);
  const processes = isServed ? await observe('processes').catch(() => null) : null;
  const { daemons: serving, others } = serveLockHolders(locks, processes?.list ?? []);
  const exclusive = (name: string, holders: readonly LockHolder[]): readonly LockHolder[] =>
    (name === names.serveLock ? others : holders).filter((holder) => holder.exclusive);
  const isDaemons = (name: string, { pid }: LockHolder): boolean =>
    name === names.schedulerLock && serving.some((daemon) => daemon.pid === pid);
  let held = files.flatMap(({ name, holders }) => {
    const entry = list.find((one) => one.name === name);
    return entry
      ? exclusive(name, holders)
          .filter((holder) => !isDaemons(name, holder))
          .map(({ pid }) => ({ entry, pid }))
      : [];
  });
  const start = performance.now();
  for (let look = 0; look < looks.count && held.length > 0 && timeLeft() > 2 * looks.pauseMs; look += 1) {
    await sleep(looks.pauseMs, undefined, { signal });
    const still = await Promise.all(held.map(({ entry, pid }) => isHeld(entry, pid)));
    held = held.filter((_, index) => still[index]);
  }
  const watchedMs = Math.round(performance.now() - start);
  return {
    held: await Promise.all(
      held.map(async ({ entry, pid }) => ({ name: entry.name, pid, command: await commandOf(pid), watchedMs })),
    ),
  };
}

const isHeld = async (entry: Entry, wanted: number): Promise<boolean> =>
  (await flockHolders(entry)).some(({ pid, exclusive }) => exclusive && pid === wanted);

/** At most 15 characters. */
async function commandOf(pid: number): Promise<string | null> {
  if (pid === 0) return null;
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => null))?.trim() || null;
}
