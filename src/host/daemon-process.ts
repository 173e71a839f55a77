import { readFile, realpath } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { judgeLiveness, type LivenessSight, livenessNeeds } from '../coven/liveness.ts';
import type { DaemonProcess, Install, Program } from '../observation.ts';
import { packageOf } from './install.ts';
import type { Look } from './look.ts';
import { descriptors, executable, readArgv } from './procfs.ts';

/** What the live daemon uses of the machine; all null where none is known by pid, or it may not be seen. */
export async function seeDaemonProcess({ observe }: Look): Promise<DaemonProcess> {
  const seen = await Promise.all(livenessNeeds.map(async (key) => [key, await observe(key)] as const));
  const { pid } = judgeLiveness(Object.fromEntries(seen) as unknown as LivenessSight);
  if (pid === null) return { pid, descriptors: null, limit: null, executableGone: null, program: null };
  const limits = await readFile(`/proc/${pid}/limits`, 'latin1').catch(() => '');
  const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  const open = descriptors(pid);
  const file = executable(pid);
  const install = await observe('install').catch(() => null);
  return {
    pid,
    descriptors: open?.length ?? null,
    limit: limit === undefined ? null : Number(limit),
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
