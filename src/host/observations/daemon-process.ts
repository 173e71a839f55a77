import { realpath } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import * as v from 'valibot';
import { judgeLiveness } from '../../coven/liveness.ts';
import { livenessNeeds } from '../../model/needs.ts';
import type { Install } from '../../model/observation.ts';
import { connectionsTo } from '../connections.ts';
import { type Look, observeAll } from '../look.ts';
import { textOfProc } from '../proc-file.ts';
import { descriptors, executable, pathOf, readArgv, readEnviron } from '../procfs.ts';
import { filePath, flag, id, list, maybe, name, number, oneOf, text, type ValueOf } from '../shape.ts';
import { tasksOf } from '../tasks.ts';
import { harnessesOn, packageOf } from './install.ts';

export const schema = () =>
  v.object({
    pid: maybe(number),
    /** Open descriptors, and how many it may have; null where they may not be seen. */
    descriptors: maybe(number),
    limit: maybe(number),
    /** The largest file that it may write; null where there is no limit. */
    fileBytes: v.exactOptional(maybe(number)),
    /** Tasks that count against a limit of it, and that limit; null where there is none that is near. */
    tasks: v.exactOptional(maybe(v.object({ used: number, limit: number, by: oneOf(['user', 'control-group']) }))),
    /** Connections to its socket, where there are many, and who may hold them. */
    connections: v.exactOptional(
      maybe(
        v.object({ open: number, client: maybe(v.object({ pid: number, sockets: number, command: maybe(name) })) }),
      ),
    ),
    /** Harnesses that it can run, by its own PATH; null where that may not be seen. */
    harnesses: v.exactOptional(maybe(list(id))),
    /** The file that it runs was removed or replaced since it started; null where it may not be seen. */
    executableGone: maybe(flag),
    /** The program that it runs: its executable or, under node, its script. */
    program: maybe(
      v.object({
        path: filePath,
        /** Of the npm package that it belongs to, where that is Coven's or this one. */
        version: maybe(text),
        ours: flag,
        /** Which `coven` on PATH is of the same installation, as its place in `install`; null for none of them. */
        onPath: maybe(number),
      }),
    ),
  });
export type DaemonProcess = ValueOf<typeof schema>;
export type Program = NonNullable<DaemonProcess['program']>;

/** What the live daemon uses of the machine; all null where none is known by pid, or it may not be seen. */
export async function take(look: Look): Promise<DaemonProcess> {
  const { pid, verdict } = judgeLiveness(await observeAll(look, livenessNeeds));
  if (pid === null) return { pid, descriptors: null, limit: null, executableGone: null, program: null };
  const limits = textOfProc(`/proc/${pid}/limits`) ?? '';
  const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  const fileBytes = /^Max file size\s+(\d+)/m.exec(limits)?.[1];
  const processes = /^Max processes\s+(\d+)/m.exec(limits)?.[1];
  // Of its PATH nothing is kept but which harnesses are on it. In a container it names other files than here, and who listens in
  // the place of a daemon launches none.
  const path = verdict !== 'foreign' && pathOf(pid, '/') === '/' ? readEnviron(pid, ['PATH'])?.PATH : undefined;
  const open = descriptors(pid);
  const file = executable(pid);
  const connections = connectionsTo(await realpath(look.home).catch(() => look.home), pid);
  const holder = connections?.client ?? null;
  const install = await look.observe('install').catch(() => null);
  return {
    pid,
    descriptors: open?.length ?? null,
    limit: limit === undefined ? null : Number(limit),
    fileBytes: fileBytes === undefined ? null : Number(fileBytes),
    tasks: tasksOf(pid, processes === undefined ? null : Number(processes)),
    ...(connections && {
      connections: {
        open: connections.open,
        client: holder && { ...holder, command: readArgv(holder.pid)?.[0] ?? null },
      },
    }),
    harnesses: path === undefined ? null : await harnessesOn(path),
    executableGone: file?.gone ?? null,
    program: !file || file.gone || !install ? null : await programOf(pid, file.path, install),
  };
}

async function programOf(pid: number, file: string, { covens }: Install): Promise<Program> {
  const script = /^(node|bun)/.test(basename(file)) ? readArgv(pid)?.[1] : undefined;
  const path = script && isAbsolute(script) ? await realpath(script).catch(() => script) : file;
  const index = covens.findIndex(({ target }) => installation(target) === installation(path));
  return { path, ...(await packageOf(path)), onPath: index === -1 ? null : index };
}

/** Coven's wrapper on PATH starts a program of a package beside its own: both are of one installation. */
const installation = (path: string): string => path.split('/@opencoven/', 1)[0] ?? path;
