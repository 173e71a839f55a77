import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { attemptFailures, definitionFaults, unreadOfAutomations } from '../../coven/automations.ts';
import { harnessCommands } from '../../coven/contract.ts';
import { fieldsOf } from '../../json.ts';
import type { AutomationRow } from '../../store/protocol.ts';
import { isErrno, readThrough } from '../files.ts';
import type { Look } from '../look.ts';
import { pathOf, readEnviron } from '../procfs.ts';
import { readToml } from '../read-toml.ts';
import { filePath, flag, id, list, maybe, message, name, number, oneOf, time, type ValueOf } from '../shape.ts';
import { readStore } from '../store.ts';
import { isRemote, type Mount, readMounts } from './home-filesystem.ts';
import { programOn } from './install.ts';

const automation = () =>
  v.object({
    called: name,
    /** Coven waits for its schedule. */
    active: flag,
    fault: maybe(oneOf(definitionFaults)),
    /** Where it runs; null where none is named. `relative`: it counts from wherever the daemon was started. */
    folder: maybe(
      v.object({
        path: filePath,
        state: oneOf(['there', 'absent', 'not-a-folder', 'denied', 'relative', 'unseen']),
      }),
    ),
    /** What it runs, as the daemon finds it; as it is found from here where no daemon runs. */
    harness: maybe(v.object({ called: name, state: oneOf(['there', 'absent', 'unknown', 'unseen']) })),
    familiar: maybe(v.object({ called: name, state: oneOf(['there', 'absent', 'unseen']) })),
    quarantinedAt: maybe(time),
    /** The newest runs, as many as failed without another one between, of so many that were looked at. */
    failed: number,
    runs: number,
    lastAt: maybe(time),
    sessionId: maybe(id),
    failure: maybe(oneOf(attemptFailures)),
    /** What Coven said of the newest of them, as far as its words are known. */
    reason: maybe(message),
    /** A run that is recorded as running, and should be over since then. */
    overdueSince: maybe(time),
  });
export type Automation = ValueOf<typeof automation>;

/** Automations of the ledger, and whether what each of them needs is there. */
export const schema = () =>
  v.object({
    automations: list(automation(), 200),
    complete: flag,
    /** The first part of them that could not be read. */
    unread: v.exactOptional(oneOf(unreadOfAutomations)),
    /** The last pass of the scheduler, and how many automations it could not handle. */
    lastSweep: maybe(v.object({ at: time, failed: flag, failures: maybe(number) })),
  });
export type Automations = ValueOf<typeof schema>;

export async function take(look: Look): Promise<Automations> {
  const { automations: rows } = await look.once(readStore);
  if (rows === null) return { automations: [], complete: true, lastSweep: null };
  const active = rows.list.some((row) => row.active);
  const needs = active ? await makeNeeds(look) : null;
  const automations: Automation[] = [];
  for (const row of rows.list) {
    const { cwd, runtime, familiar, reason, failure, ...rest } = row;
    automations.push({
      ...rest,
      ...(needs && row.active && row.fault === null
        ? await needs(row)
        : { folder: null, harness: null, familiar: null }),
      failure: attemptFailures.find((known) => known === failure) ?? null,
      reason: reason && (await look.texts.freeText(reason)),
    });
  }
  return {
    automations,
    complete: rows.unread === null,
    ...(rows.unread && { unread: rows.unread }),
    lastSweep: rows.lastSweep,
  };
}

type Needs = Pick<Automation, 'folder' | 'harness' | 'familiar'>;

/** Looks at what automations name, each thing once. */
async function makeNeeds(look: Look): Promise<(row: AutomationRow) => Promise<Needs>> {
  const { observe, env } = look;
  const [daemon, install, home, machine] = await Promise.all([
    observe('daemon.process').catch(() => null),
    observe('install'),
    observe('home'),
    observe('machine'),
  ]);
  const pid = daemon?.pid ?? null;
  const mounts = readMounts() ?? [];
  const here = install.harnesses.flatMap(({ id, path }) => (path === null ? [] : [id]));
  // Of another user's access and of a daemon whose PATH may not be seen nothing is known.
  const found = pid === null ? here : (daemon?.harnesses ?? null);
  const variables = ['PATH', 'COVEN_HARNESS_ADAPTER_MANIFEST', 'COVEN_HARNESS_ADAPTER_DIRS'];
  const environ = pid === null ? env : (readEnviron(pid, variables) ?? null);
  const adapters = await readAdapters(look);
  const familiars = await readFamiliars(look);

  async function harnessState(id: string): Promise<NonNullable<Needs['harness']>['state']> {
    if (harnessCommands.some((known) => known === id))
      return found === null ? 'unseen' : found.includes(id) ? 'there' : 'absent';
    const executable = adapters?.get(id);
    if (environ === null || (pid !== null && pathOf(pid, '/') !== '/')) return 'unseen';
    if (executable !== undefined) return (await programOn(executable, environ.PATH ?? '')) ? 'there' : 'absent';
    const others = variables.slice(1).some((name) => environ[name] !== undefined);
    return adapters === null || others ? 'unseen' : 'unknown';
  }
  const folders = new Map<string, Promise<NonNullable<Needs['folder']>['state']>>();
  const folderState = (path: string) => {
    if (machine.uid !== home.uid) return Promise.resolve('unseen' as const);
    const state = folders.get(path) ?? stateOfFolder(path, pid, mounts);
    folders.set(path, state);
    return state;
  };
  return async ({ cwd, runtime, familiar }) => ({
    folder: cwd === null ? null : { path: cwd, state: await folderState(cwd) },
    harness: runtime === null ? null : { called: runtime, state: await harnessState(runtime) },
    familiar:
      familiar === null
        ? null
        : {
            called: familiar,
            state: familiars === null ? 'unseen' : familiars.includes(familiar) ? 'there' : 'absent',
          },
  });
}

async function stateOfFolder(
  path: string,
  pid: number | null,
  mounts: readonly Mount[],
): Promise<NonNullable<Needs['folder']>['state']> {
  if (!isAbsolute(path)) return 'relative';
  if (isRemote(path, mounts)) return 'unseen';
  const seen = pid === null ? path : pathOf(pid, path);
  try {
    if (!(await stat(seen)).isDirectory()) return 'not-a-folder';
    await access(seen, constants.X_OK);
    return 'there';
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ELOOP')) return 'absent';
    if (isErrno(error, 'ENOTDIR')) return 'not-a-folder';
    return isErrno(error, 'EACCES') ? 'denied' : 'unseen';
  }
}

const limitBytes = 1024 ** 2;

/** The programs of the adapters in the home, by their ids; null where one of them cannot be read. */
async function readAdapters({ home, observe }: Look): Promise<ReadonlyMap<string, string> | null> {
  const { files } = await observe('home.config');
  // Coven takes those alone that it wrote itself, which only it can tell.
  const { ignored } = await observe('home.taken').catch(() => ({ ignored: [] as readonly string[] }));
  const found = new Map<string, string>();
  for (const { name, state } of files.filter(({ name }) => name.startsWith('adapters/') && !ignored.includes(name))) {
    const reading = state === 'parsed' ? await readThrough(join(home, name), limitBytes) : null;
    const adapters = reading?.state === 'read' ? fieldsOf(reading.bytes.toString('utf8'))?.adapters : null;
    if (!Array.isArray(adapters)) return null;
    for (const { id, executable } of adapters.filter((one) => one !== null && typeof one === 'object'))
      if (typeof id === 'string' && typeof executable === 'string') found.set(id, executable);
  }
  return found;
}

/** The ids of familiars.toml; null where it cannot be read. */
async function readFamiliars({ home, observe }: Look): Promise<readonly string[] | null> {
  const { files } = await observe('home.config');
  const file = files.find(({ name }) => name === 'familiars.toml');
  if (file === undefined) return [];
  const fields = file.state === 'parsed' ? await readToml(join(home, file.name)) : null;
  if (fields === null) return null;
  const { familiar } = fields;
  return Array.isArray(familiar) ? familiar.flatMap((one) => idOf(one)) : [];
}

const idOf = (one: unknown): readonly string[] =>
  one !== null && typeof one === 'object' && 'id' in one && typeof one.id === 'string' ? [one.id] : [];
